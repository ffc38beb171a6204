"""A real PostgreSQL server of one's own for tests and the demo: on loopback alone, and never left behind.

`python -m app.embedded_postgres -- COMMAND …` runs a command with a temporary server in its environment.
"""

from app.embedded_postgres.places import ServerError, find_binaries
from app.embedded_postgres.server import Server

__all__ = ["Server", "ServerError", "find_binaries"]
