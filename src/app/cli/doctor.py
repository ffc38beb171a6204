"""Checks the configuration and the databases, and prints a line for each finding; no line contains a secret."""

import asyncio
import os
import stat
from collections.abc import Iterator

import typer

from adapters.django_orm import management
from adapters.django_orm.bootstrap import setup_django
from app.cli import connection_counts
from app.cli.database import which_database
from app.cli.findings import Finding, Severity
from app.cli.settings_advice import advice
from app.cli.terminal import FAILED, print_json
from app.database_checks import check_storage, different_databases, may_be_same
from config.databases import DatabaseUrl
from config.ignored_settings import ignored_settings
from config.loading import load, override
from config.setting_errors import ConfigurationError
from config.settings import PREFIX, Settings
from config.verification import require_verified, unverified_host
from domain.errors import Unavailable
from domain.webhooks.ports import Standing

SECRET_VARIETY_MIN = 12  # different characters; a random key of 32 has more
POSTGRESQL_MIN = 14  # the oldest version that Django supports


def doctor(workers: int | None, *, as_json: bool) -> None:
    """Prints every finding, for so many workers as are planned, or else configured."""
    override(workers=workers)
    failed, found = False, []
    for severity, text in findings():
        failed |= severity is Severity.ERROR
        found.append({"severity": severity.strip().lower(), "text": text})
        if not as_json:
            typer.echo(f"{severity}  {text}")
    if as_json:
        print_json(found)
    if failed:
        raise typer.Exit(FAILED)


def findings() -> Iterator[Finding]:
    """All findings, in the order in which errors are best fixed."""
    try:
        for line in ignored_settings():
            yield Severity.ERROR, line
        settings = load()
    except ConfigurationError as error:
        for line in error.lines:
            yield Severity.ERROR, line
        return
    yield Severity.OK, "The settings are valid."
    if doubt := which_database():
        yield Severity.WARNING, doubt
    yield from _secret(settings)
    yield from _hosts(settings.allowed_hosts)
    yield from _https(settings)
    yield from ((Severity.WARNING, line) for line in advice(settings))
    yield from _roles(settings)
    yield from _unverified_servers(settings)
    errors = [*_connection_security(settings), *_files(settings), *_same_file(settings)]
    yield from errors
    if not errors:
        yield from _connections(settings)


def _secret(settings: Settings) -> Iterator[Finding]:
    if len(set(settings.secret_key.get_secret_value())) < SECRET_VARIETY_MIN:
        yield Severity.ERROR, f"{PREFIX}SECRET_KEY is easy to guess: use random characters."
    else:
        yield Severity.OK, "The secret key is long and varied."
    key_file = settings.database_url.path.parent / "secret_key"
    others = stat.S_IRWXG | stat.S_IRWXO
    if settings.database_url.is_sqlite and key_file.exists() and key_file.stat().st_mode & others:
        yield Severity.ERROR, f"{key_file} is readable by other users. Run: chmod 600 {key_file}"


def _hosts(hosts: tuple[str, ...]) -> Iterator[Finding]:
    if "*" in hosts:
        yield Severity.WARNING, f"{PREFIX}ALLOWED_HOSTS accepts every host name: list those that you serve."
    else:
        yield Severity.OK, f"Allowed hosts: {', '.join(hosts)}."


def _https(settings: Settings) -> Iterator[Finding]:
    if settings.https_only:
        yield Severity.OK, "Browsers must use HTTPS. Serve with --proxy, to trust the proxy that terminates TLS."
        if settings.public_url is None:
            text = "behind a proxy on another port than 443, operators could not sign in."
            yield Severity.WARNING, f"{PREFIX}PUBLIC_URL is not set: {text}"
    elif not settings.database_url.is_sqlite:
        text = "the admin's cookies are also sent over plain HTTP. Set it once a proxy terminates TLS."
        yield Severity.WARNING, f"{PREFIX}HTTPS is not set: {text}"


def _roles(settings: Settings) -> Iterator[Finding]:
    """Which roles are configured; their privileges are checked in the database itself."""
    if settings.database_url.is_sqlite:
        return
    if settings.one_role:
        yield (
            Severity.WARNING,
            f"{PREFIX}ONE_ROLE is set: row-level security does not separate owners. It is for development,"
            " and for managed databases with a single role.",
        )
    elif not settings.has_operator:
        text = "only the API is served here; the admin and operators' commands are not available."
        yield Severity.WARNING, f"{PREFIX}OPERATOR_DATABASE_URL is not set: {text}"


def _connection_security(settings: Settings) -> Iterator[Finding]:
    """Reasons not to connect at all: the password would be sent to a server that is not verified."""
    try:
        require_verified(settings)
    except ConfigurationError as error:
        for line in error.lines:
            yield Severity.ERROR, line


def _unverified_servers(settings: Settings) -> Iterator[Finding]:
    """Remote servers whose certificate is not verified, because sslmode says so."""
    for name in ("database_url", "operator_database_url", "replica_database_url"):
        url: DatabaseUrl | None = getattr(settings, name)
        try:
            found = url and unverified_host(url, os.environ)
        except ValueError:  # an error, which _connection_security reports
            continue
        if found:
            place, mode = found
            yield Severity.WARNING, f"{PREFIX}{name.upper()}: sslmode={mode} does not verify the identity of {place}."


def _files(settings: Settings) -> Iterator[Finding]:
    """Problems with SQLite's files, found before connecting, which would create missing files."""
    for path in dict.fromkeys(url.path for url in (settings.database_url, settings.operator_url) if url.is_sqlite):
        if not path.exists():
            yield Severity.ERROR, f"There is no database at {path}. Run: goatfish migrate"
        for place in (path.parent, path):
            if place.exists() and not os.access(place, os.W_OK):
                yield Severity.ERROR, f"{place} is not writable."


def _same_file(settings: Settings) -> Iterator[Finding]:
    """Whether both SQLite URLs name one file. PostgreSQL may have two URLs, and is compared once connected."""
    if not may_be_same(settings):
        yield Severity.ERROR, different_databases(settings)


def _connections(settings: Settings) -> Iterator[Finding]:
    setup_django()
    try:
        fault, later, info = management.schema_fault(), management.later_version(), management.database_info()
    except Unavailable as error:
        who = "Operators" if settings.has_operator else "The API"
        yield Severity.ERROR, f"{who} cannot connect to {settings.operator_url}. {error}"
    else:
        if settings.has_operator:
            yield Severity.OK, f"Operators can connect to {settings.operator_url}."
        yield from _server(settings, info)
        if fault:
            yield Severity.ERROR, fault
            return
        yield Severity.OK, "Every migration is applied."
        if later:
            yield Severity.WARNING, later
    finally:
        management.disconnect()
    yield from _service(settings)
    if settings.replica_database_url is not None:
        yield from _standbys(settings, settings.replica_database_url)


def _server(settings: Settings, info: management.DatabaseInfo) -> Iterator[Finding]:
    if info.connections_max is None:
        severity = Severity.OK if info.journal_mode == "wal" else Severity.ERROR
        yield severity, f"SQLite {info.version}, journal mode {info.journal_mode}; wal is required."
        return
    severity = Severity.ERROR if int(info.version.split(".")[0]) < POSTGRESQL_MIN else Severity.OK
    yield severity, f"PostgreSQL {info.version}; {POSTGRESQL_MIN} or later is required."
    yield connection_counts.on_primary(settings, info.connections_max)


def _service(settings: Settings) -> Iterator[Finding]:
    """Checks the database with the service's own connection."""
    try:
        standing = asyncio.run(check_storage(settings))
    except Exception as error:  # of any kind: it is the finding
        yield Severity.ERROR, f"The service cannot use {settings.database_url}. {error}"
        return
    yield (
        Severity.OK,
        f"The service can use {settings.database_url}"
        + (
            "."
            if settings.database_url.is_sqlite or settings.one_role
            else ", restricted by row-level security to one owner at a time."
        ),
    )
    yield from _webhooks(standing)


def _webhooks(standing: Standing) -> Iterator[Finding]:
    """How many webhooks are behind, if any are: with none failing, perhaps nothing delivers."""
    disabled = f"{standing.disabled} disabled"
    if not standing.behind:
        if standing.disabled:
            yield Severity.OK, f"Webhooks: none behind, {disabled}."
        return
    found = f"Webhooks: {standing.behind} behind, by {standing.changes} changes at most, {disabled}"
    if standing.failing_since is not None:
        since = f"{standing.failing_since:%Y-%m-%d %H:%M} UTC"
        yield Severity.WARNING, f"{found}. {standing.failing} of them fail, the first since {since}."
    else:
        yield Severity.OK, f"{found}. If it stays so, see whether goatfish deliver runs."


def _standbys(settings: Settings, url: DatabaseUrl) -> Iterator[Finding]:
    """Checks the standbys with the service's own connections; without them the primary does all the work."""
    try:
        asyncio.run(_check_standbys(settings))
    except Exception as error:  # as above
        yield Severity.ERROR, f"The service cannot read from {url}. {error}"
        return
    yield Severity.OK, f"The service can read from standbys at {url}."
    yield from asyncio.run(_connections_of_standbys(settings, url))


async def _connections_of_standbys(settings: Settings, url: DatabaseUrl) -> list[Finding]:
    return [finding async for finding in connection_counts.on_standbys(settings, url)]


async def _check_standbys(settings: Settings) -> None:
    """Raises ``Unavailable`` unless the service can read from them, if it is to."""
    from app.factories import pool_storage

    storage = pool_storage(settings)
    if (reads := storage.replica_reads) is None:
        return
    await storage.executor.open()
    await reads.open()
    try:
        await reads.check()
    finally:
        await storage.close()
