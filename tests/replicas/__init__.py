"""Reads that standbys answer: a primary and a standby that really follows it, and two processes of the service."""
