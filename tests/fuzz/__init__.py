"""Requests made up from the OpenAPI document, sent to the running service: neither may surprise the other."""
