"""Starts a demo with one command: creates what is missing, and changes nothing that exists."""

import asyncio
import errno
import os
import re
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from adapters.django_orm import management
from adapters.django_orm.bootstrap import setup_django
from app.cli import serving
from app.cli.database import require_operator_database
from app.cli.fake_data import seeding
from app.cli.terminal import console, fail, print_message
from app.cli.use_case_runner import operator_context, with_use_cases
from app.container import UseCases
from app.sign_in_links import LINKS
from config.loading import load, load_for_service, override
from config.running_up import FILE, LeftSettings, leave
from domain.access.api_key import ApiKey
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.errors import NotFound
from domain.paging import PageRequest
from domain.simulations.simulation import Simulation

VAR = Path("var")
KEY_FILE, PASSWORD_FILE = VAR / "demo.key", VAR / "admin.password"
DEMO, OPERATOR = "demo", "admin"
PORTS_TRIED = 100
DEMO_SIMULATIONS, DEMO_RUNS = 24, 600
NO_DATA = f"none: --demo adds some, or goatfish seed --owner {DEMO} --each {DEMO_SIMULATIONS} --runs {DEMO_RUNS}"


def up(host: str, port: int, *, demo: bool) -> None:
    override(workers=1, drain_time=0.0)
    require_operator_database()
    settings = load_for_service()
    setup_django()
    if applied := management.migrate(settings.api_role, report=print_message):
        print_message(f"The database is ready: {len(applied)} migrations applied.")
    key, password = _demo_key(), _operator_password()
    is_empty = _fill_demo() if demo else asyncio.run(with_use_cases(_demo_is_empty))
    management.disconnect()
    listener = _listen(host, port)
    with _settings_for_commands():
        base = re.sub(r"//(0\.0\.0\.0|\[::\]):", "//127.0.0.1:", serving.url(listener))
        _print_summary(base, key, password, is_empty=is_empty)
        serving.run(listener, "warning")


def _settings_for_commands() -> IO[str]:
    """Has other commands in this directory use the same database until the file is closed."""
    settings = load()
    operators = settings.operator_database_url
    return leave(
        LeftSettings(
            database_url=settings.database_url.with_password,
            operator_database_url=None if operators is None else operators.with_password,
            one_role=settings.one_role,
            secret_key=settings.secret_key.get_secret_value(),
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    last = port if port == 0 else min(port + PORTS_TRIED, 65535)
    for candidate in range(port, last + 1):
        try:
            listener = serving.listen(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or candidate == last:
                fail(serving.listen_error(host, candidate, error))
            continue
        if candidate != port:
            print_message(f"Port {port} is in use, so Goatfish listens on {candidate}.")
        return listener
    raise AssertionError


def _demo_key() -> str:
    """A valid API key of the demo owner: the one in the file, which is added to this database where it is missing."""
    stored = _read_secret(KEY_FILE)
    text = asyncio.run(with_use_cases(lambda use_cases: _valid_demo_key(use_cases, stored)))
    if text != stored:
        _write_secret(KEY_FILE, text)
    return text


async def _valid_demo_key(use_cases: UseCases, stored: str) -> str:
    if await use_cases.authentication().authenticate(stored):
        return stored
    try:
        owner = await use_cases.owners().get(DEMO)
    except NotFound:
        owner = await use_cases.owners().create(DEMO, operator_context())
    if owner.deactivated_at is not None:
        fail(f"The demo owner is deactivated, so its keys are rejected. Run: goatfish owner activate {DEMO}")
    keys, context, token = use_cases.keys(), operator_context(), ApiKeyToken.parse(stored)
    if token is None or await use_cases.storage().owners.holder(token.public_id) is not None:
        _, fresh = await keys.create(owner.id, context, name=DEMO, scopes=frozenset(Scope))
        return fresh.reveal()
    key = ApiKey.create(token, id=keys.new_id(), owner_id=owner.id, now=context.at, name=DEMO, scopes=frozenset(Scope))
    await keys.repository.of(owner.id).add(key, context)
    return stored


async def _demo_is_empty(use_cases: UseCases) -> bool:
    """Whether the demo owner has no simulation."""
    owner = await use_cases.owners().get(DEMO)
    page = await use_cases.entities()[Simulation].list(owner.id, PageRequest(limit=1))
    return not page.items


def _fill_demo() -> bool:
    """Gives the demo owner simulations and runs with a history, unless it has some; returns that it is not empty."""
    if not asyncio.run(with_use_cases(_demo_is_empty)):
        print_message("The demo owner has simulations already, so none are created.")
        return False
    owner = asyncio.run(with_use_cases(lambda use_cases: use_cases.owners().get(DEMO)))
    seeding.fill(
        [owner],
        DEMO_SIMULATIONS,
        DEMO_RUNS,
        now=datetime.now(UTC),
        batch=secrets.token_hex(3),
        are_new=False,
        history=True,
    )
    return False


def _operator_password() -> str:
    """The password of the demo operator, who is created if missing; empty where the password is not in the file."""
    stored = _read_secret(PASSWORD_FILE)
    if management.operator_exists(OPERATOR):
        return stored
    password = stored or secrets.token_urlsafe(12)
    management.create_operator(OPERATOR, password)
    _write_secret(PASSWORD_FILE, password)
    return password


def _read_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip() if path.exists() else ""
    except UnicodeDecodeError:
        fail(f"{path} is not what goatfish up has written: remove it.")


def _write_secret(path: Path, secret: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{secret}\n")


def _print_summary(base: str, key: str, password: str, *, is_empty: bool) -> None:
    """Prints where to find everything, without side borders or wrapped lines, so that each line can be copied."""
    sign_in = f"{OPERATOR} / {password}" if password else f"{OPERATOR}, with the password you have set"
    out = console()
    out.rule(" Goatfish ")
    for name, value in (
        ("Workbench", f"{base}/#/sign-in/{LINKS.issue(key)}"),
        ("", "(this link signs the demo in once; later, sign in with the demo's key)"),
        ("API", f"{base}/api/v1/simulations"),
        ("Docs", f"{base}/docs"),
        ("Admin", f"{base}/admin/"),
        ("Sign in", sign_in),
        ("Commands", f"goatfish works on {load().operator_url} here while this runs ({FILE})"),
        ("Secrets", f"{KEY_FILE} (the demo owner's key), {PASSWORD_FILE}" if password else str(KEY_FILE)),
        ("Data", NO_DATA),
    ):
        if is_empty or name != "Data":
            out.print(f"  {name:<11}{value}")
    out.print(f"\ncurl -H 'X-API-Key: {key}' {base}/api/v1/simulations\n")
    out.rule(" Ctrl-C stops it ")
