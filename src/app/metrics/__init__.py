"""Figures of how the service runs: each worker reads its own, and any process of the service asks all of them."""
