"""Looks at the configuration and the databases, and says in words what is wrong; shows no secret."""

import asyncio
import difflib
import os
import stat
from collections.abc import Iterator
from enum import StrEnum
from typing import TypeAlias

import typer

from adapters.django_orm import management
from adapters.django_orm.bootstrap import setup_django
from app.cli.database import check_storage, two_databases
from app.cli.terminal import FAILED
from config.databases import DatabaseUrl
from config.settings import PREFIX, ConfigurationError, Settings, load, unknown_variables
from config.verification import VERIFYING, other_machine, require_verified, ssl_mode
from domain.errors import Unavailable

SECRET_VARIETY_MIN = 12  # different characters; 32 random ones have more
POSTGRESQL_MIN = 14  # Django's own limit


class Verdict(StrEnum):
    """How a finding is marked. Only what is wrong changes the exit status."""

    GOOD = "ok   "
    DOUBTFUL = "note "
    WRONG = "WRONG"


Finding: TypeAlias = tuple[Verdict, str]


def doctor(workers: int) -> None:
    """Prints every finding."""
    wrong = False
    for verdict, text in findings(workers):
        wrong |= verdict is Verdict.WRONG
        typer.echo(f"{verdict}  {text}")
    if wrong:
        raise typer.Exit(FAILED)


def findings(workers: int) -> Iterator[Finding]:
    """What there is to say, in the order in which it is best put right."""
    try:
        yield from _misspelt()
        settings = load()
    except ConfigurationError as error:
        for line in error.lines:
            yield Verdict.WRONG, line
        return
    yield Verdict.GOOD, "The settings can be read."
    yield from _secret(settings)
    yield from _hosts(settings.allowed_hosts)
    yield from _https(settings)
    yield from _roles(settings)
    yield from _believed(settings)
    wrong = [*_unverified(settings), *_files(settings), *_apart(settings)]
    yield from wrong
    if not wrong:
        yield from _databases(settings, workers)


def _misspelt() -> Iterator[Finding]:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in unknown_variables():
        close = difflib.get_close_matches(name, known, n=1)
        yield Verdict.WRONG, f"{name} is no setting" + (f"; is {close[0]} meant?" if close else ".")


def _secret(settings: Settings) -> Iterator[Finding]:
    if len(set(settings.secret_key.get_secret_value())) < SECRET_VARIETY_MIN:
        yield Verdict.WRONG, f"{PREFIX}SECRET_KEY can be guessed: take random characters."
    else:
        yield Verdict.GOOD, "The secret key is long and varied."
    kept = settings.database_url.path.parent / "secret_key"
    if settings.database_url.is_sqlite and kept.exists() and kept.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Verdict.WRONG, f"{kept} can be read by others: chmod 600 it."


def _hosts(hosts: tuple[str, ...]) -> Iterator[Finding]:
    if "*" in hosts:
        yield Verdict.DOUBTFUL, f"{PREFIX}ALLOWED_HOSTS admits every host name: name those that you serve."
    else:
        yield Verdict.GOOD, f"Requests may be addressed to {', '.join(hosts)}."


def _https(settings: Settings) -> Iterator[Finding]:
    if settings.https:
        yield Verdict.GOOD, "Browsers use HTTPS alone: serve with --proxy, so that the one who ends it is believed."
    elif not settings.database_url.is_sqlite:
        text = "cookies of the admin also travel without HTTPS. Set it once TLS is ended in front of the service."
        yield Verdict.DOUBTFUL, f"{PREFIX}HTTPS is not set: {text}"


def _roles(settings: Settings) -> Iterator[Finding]:
    """Whose roles PostgreSQL knows; what they may do is asked of the database itself."""
    if settings.database_url.is_sqlite:
        return
    if settings.one_role:
        yield (
            Verdict.DOUBTFUL,
            f"{PREFIX}ONE_ROLE: PostgreSQL itself keeps no tenants apart. Develop like this, no more.",
        )
    elif not settings.has_operator:
        text = "the API is served here, without the admin and the commands of operators."
        yield Verdict.DOUBTFUL, f"{PREFIX}OPERATOR_DATABASE_URL is not set: {text}"


def _unverified(settings: Settings) -> Iterator[Finding]:
    """What stands against connecting at all: it would give passwords to whoever answers."""
    try:
        require_verified(settings)
    except ConfigurationError as error:
        for line in error.lines:
            yield Verdict.WRONG, line


def _believed(settings: Settings) -> Iterator[Finding]:
    """Other machines that are believed to be who they say, because somebody wrote so."""
    for name in ("database_url", "operator_database_url"):
        url: DatabaseUrl | None = getattr(settings, name)
        place, mode = url and other_machine(url, os.environ), url and ssl_mode(url, os.environ)
        if place and mode and mode not in VERIFYING:
            yield Verdict.DOUBTFUL, f"{PREFIX}{name.upper()}: with sslmode={mode} nobody verifies that it is {place}."


def _files(settings: Settings) -> Iterator[Finding]:
    """What stands against using SQLite's files; asked before connecting, which would make those that are missing."""
    for path in dict.fromkeys(url.path for url in (settings.database_url, settings.operator_url) if url.is_sqlite):
        if not path.exists():
            yield Verdict.WRONG, f"There is no database at {path}: run goatfish migrate, then look again."
        for place in (path.parent, path):
            if place.exists() and not os.access(place, os.W_OK):
                yield Verdict.WRONG, f"{place} cannot be written."


def _apart(settings: Settings) -> Iterator[Finding]:
    """Operators and the service may reach PostgreSQL by different ways, but a file is one database or another."""
    service, operators = settings.database_url, settings.operator_url
    if service.is_sqlite != operators.is_sqlite or (service.is_sqlite and _real(service) != _real(operators)):
        yield Verdict.WRONG, two_databases(settings)


def _real(url: DatabaseUrl) -> str:
    return os.path.realpath(url.path)


def _databases(settings: Settings, workers: int) -> Iterator[Finding]:
    setup_django()
    try:
        unapplied, facts = management.unapplied_migrations(), management.facts()
    except Unavailable as error:
        who = "Operators" if settings.has_operator else "The API"
        yield Verdict.WRONG, f"{who} cannot reach {settings.operator_url}. {error}"
    else:
        if settings.has_operator:
            yield Verdict.GOOD, f"Operators reach {settings.operator_url}."
        yield from _facts(settings, workers, facts)
        if unapplied:
            yield Verdict.WRONG, f"{len(unapplied)} migrations are not applied: run goatfish migrate, then look again."
            return
        yield Verdict.GOOD, "Every migration is applied."
    finally:
        management.disconnect()
    yield _service(settings)


def _facts(settings: Settings, workers: int, facts: management.Facts) -> Iterator[Finding]:
    if facts.connections_max is None:
        verdict = Verdict.GOOD if facts.journal_mode == "wal" else Verdict.WRONG
        yield verdict, f"SQLite is {facts.version}, with {facts.journal_mode} as its journal; wal is needed."
        return
    verdict = Verdict.WRONG if int(facts.version.split(".")[0]) < POSTGRESQL_MIN else Verdict.GOOD
    yield verdict, f"PostgreSQL is {facts.version}; {POSTGRESQL_MIN} or later is needed."
    of_admin = settings.admin_requests + 1 if settings.has_operator else 0  # and one for its changes
    needed = (settings.pool_size + of_admin) * workers
    each = f"{settings.pool_size} and the admin's {of_admin}" if of_admin else str(settings.pool_size)
    text = f"{workers} x {each}, of {facts.connections_max} that PostgreSQL allows"
    if needed > facts.connections_max:
        yield Verdict.WRONG, f"Too many connections: {text}. Lower {PREFIX}POOL_SIZE or raise max_connections."
    else:
        yield Verdict.GOOD, f"Connections suffice: {text}."


def _service(settings: Settings) -> Finding:
    """The database as the service itself reaches it."""

    try:
        asyncio.run(check_storage(settings))
    except Exception as error:  # whatever it is, it is what the doctor was asked for
        return Verdict.WRONG, f"The service cannot use {settings.database_url}. {error}"
    return Verdict.GOOD, f"The service reaches {settings.database_url} and its tables" + (
        "." if settings.database_url.is_sqlite or settings.one_role else ", and is held to the owner that it names."
    )
