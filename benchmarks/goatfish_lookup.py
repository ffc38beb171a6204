"""Goatfish as `goatfish serve` starts it, but for its belief in what it has read: every request looks its key up."""

import sys

from app.cli.commands import commands
from domain.access.authentication import Authentication

if __name__ == "__main__":
    Authentication.CACHE_TTL = 0.0  # seconds
    commands(["serve", *sys.argv[1:]])
