"""How Django reaches the database of a URL; loads no Django."""

from typing import Any
from urllib.parse import parse_qsl, unquote

from config.settings import DatabaseUrl

CONNECT_TIMEOUT = 5  # seconds
SQLITE_BUSY_TIMEOUT = 20  # seconds


def django_database(url: DatabaseUrl) -> dict[str, Any]:
    """Django's DATABASES entry for this URL; SQLite's directory is made when missing."""
    if url.is_sqlite:
        url.path.parent.mkdir(parents=True, exist_ok=True)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(url.path),
            "OPTIONS": {
                # Readers and a writer side by side, and a transaction that writes queues for its turn at once
                # instead of failing half-way.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_BUSY_TIMEOUT,
            },
            # Django's own default is memory, where neither WAL nor a second connection exists.
            "TEST": {"NAME": str(url.path.with_name(f"test_{url.path.name}"))},
        }
    parts = url.parts
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"connect_timeout": CONNECT_TIMEOUT, **dict(parse_qsl(parts.query))},
    }
