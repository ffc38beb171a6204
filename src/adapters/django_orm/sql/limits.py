"""Limits of PostgreSQL: how long the service waits for locks there, and how many connections a server allows."""

from typing import Final

LOCK_TIMEOUT: Final = 5.0
"""Seconds that a statement of the service waits for one lock at most: then it is not carried out."""
CONNECTIONS_MAX: Final = """
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int
"""
"""How many connections a server allows those without reserved ones, in SQL."""
