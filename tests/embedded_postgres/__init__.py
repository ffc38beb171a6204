"""A real PostgreSQL server of one's own for tests and the demo: on loopback alone, and never left behind.

`python -m tests.embedded_postgres -- COMMAND …` runs a command with a temporary server in its environment; with
`--keep DIRECTORY` before the command, the server's data stay there.
"""

from tests.embedded_postgres.places import ServerError, find_binaries
from tests.embedded_postgres.server import Server

__all__ = ["Server", "ServerError", "find_binaries"]
