"""Limits: how long a statement waits for a lock, how much a purge deletes, how many connections PostgreSQL allows."""

from typing import Final

LOCK_TIMEOUT: Final = 5.0
"""Seconds that a statement of the service waits for one lock at most: then it is not carried out."""
PURGED_AT_ONCE: Final = 1000
"""Rows that one transaction purges, short enough for other writers to wait for."""
CONNECTIONS_MAX: Final = """
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int
"""
"""How many connections a server allows those without reserved ones, in SQL."""
