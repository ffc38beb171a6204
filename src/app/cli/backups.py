"""Backs up the whole database to a file, and restores such a file into an empty database."""

import signal
import sys
from pathlib import Path
from types import ModuleType

from adapters.django_orm import management
from adapters.django_orm.bootstrap import setup_django
from app.cli.database import require_operator_database, say_which_database
from app.cli.files import STREAM, draft_of
from app.cli.terminal import MISCONFIGURED, fail, print_json, print_message
from config.databases import DatabaseUrl
from config.loading import load

HEAD = 16  # bytes by which kinds of backups are told apart


def back_up(file: str, *, overwrite: bool, as_json: bool) -> None:
    require_operator_database()
    say_which_database()
    path, url = Path(file), load().operator_url
    if file == STREAM or (path.exists() and not path.is_file()):
        fail(f"{path} is not a file, and a backup is only written to a file.", MISCONFIGURED)
    if url.is_sqlite and path.resolve() in _files_of(url.path.resolve()):
        fail(f"{path} belongs to the database itself. Choose another name.", MISCONFIGURED)
    if path.exists() and not overwrite:
        fail(f"{path} exists. Choose another name, or replace it with --overwrite.")
    setup_django()
    _end_on_sigterm()
    with management.translate_database_errors(), draft_of(path, replace=overwrite) as draft:
        _kind(url).back_up(draft)
        size = draft.stat().st_size
    management.disconnect()
    print_message(
        f"{url} is backed up to {path}, {size} bytes. It contains the data of all owners and the digests of their keys:"
        " store it securely. The secret key is not in it."
    )
    if as_json:
        print_json({"file": file, "bytes": size})


def restore(file: str, *, as_json: bool) -> None:
    require_operator_database()
    say_which_database()
    path, settings = Path(file), load()
    url = settings.operator_url
    if path.exists() and not path.is_file():
        fail(f"{path} is not a file.", MISCONFIGURED)
    with path.open("rb") as opened:
        head = opened.read(HEAD)
    setup_django()
    from adapters.django_orm.backups import postgres, sqlite

    kinds = {postgres.MAGIC: "PostgreSQL", sqlite.MAGIC: "SQLite"}
    kind = next((kind for magic, kind in kinds.items() if head.startswith(magic)), None)
    if kind is None:
        fail(f"{path} is not a backup made by goatfish backup.")
    if kind != ("SQLite" if url.is_sqlite else "PostgreSQL"):
        fail(f"{path} is a backup of {kind}, and cannot be restored to {url}.")
    _end_on_sigterm()
    with management.translate_database_errors():
        changed = management.restore(path, settings.api_role, report=print_message)
    for line in changed:
        print_message(line)
    pending, later = management.unapplied_migrations(), management.later_version()
    management.disconnect()
    if later:
        print_message(later)
    print_message(f"{path} is restored to {url}." + (" Next: goatfish migrate" if pending else ""))
    if as_json:
        print_json({"file": file, "not_as_it_was": changed, "migrations_pending": pending})


def _files_of(database: Path) -> set[Path]:
    """The file of an SQLite database, and those that SQLite makes beside it."""
    return {database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")}


def _kind(url: DatabaseUrl) -> ModuleType:
    from adapters.django_orm.backups import postgres, sqlite  # models can be imported only once Django is set up

    return sqlite if url.is_sqlite else postgres


def _end_on_sigterm() -> None:
    """Lets the command remove what is unfinished, and end the program that it runs."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
