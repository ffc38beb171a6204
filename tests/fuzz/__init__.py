"""Fuzzing of the running service with requests from the OpenAPI document, of the admin, and of tenant isolation."""
