"""One module a resource: its schemas and its endpoints."""
