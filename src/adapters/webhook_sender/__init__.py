"""Sends messages to the endpoints of webhooks, and to no address that it may not reach."""
