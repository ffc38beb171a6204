"""HTTP: the contract that every API client is promised, over the domain's use cases."""
