"""The OpenAPI document against the service: a generated client, and random requests."""
