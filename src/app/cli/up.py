"""A first look at Goatfish with one command: everything that is missing is made, and what is there is left alone."""

import asyncio
import errno
import os
import secrets
import socket
from pathlib import Path

from rich.console import Console

from adapters.django_orm import management
from adapters.django_orm.bootstrap import setup_django
from app.cli import serving
from app.cli.database import require_operator
from app.cli.tenants import opened, operator_context
from app.cli.terminal import fail, say
from app.container import UseCases
from config.settings import load
from domain.access.api_key import ApiKey
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.errors import NotFound

VAR = Path("var")
KEY_FILE, PASSWORD_FILE = VAR / "demo.key", VAR / "admin.password"
DEMO, OPERATOR = "demo", "admin"
PORTS_TRIED = 100


def up(host: str, port: int) -> None:
    require_operator()
    setup_django()
    if applied := management.migrate(load().api_role):
        say(f"The database is made: {len(applied)} migrations applied.")
    key, password = _demo_key(), _operator_password()
    management.disconnect()
    listener = _listen(host, port)
    _show(serving.url(listener).replace("//0.0.0.0:", "//127.0.0.1:"), key, password)
    serving.run(listener, "warning")


def _listen(host: str, port: int) -> socket.socket:
    last = port if port == 0 else min(port + PORTS_TRIED, 65535)
    for candidate in range(port, last + 1):
        try:
            listener = serving.listen(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or candidate == last:
                fail(serving.refusal(host, candidate, error))
            continue
        if candidate != port:
            say(f"Port {port} is taken, so it is {candidate} this time.")
        return listener
    raise AssertionError


def _demo_key() -> str:
    """The text of a key that opens the demo owner: the kept one, put into this database if it is new there."""
    kept = _kept(KEY_FILE)
    text = asyncio.run(opened(lambda use_cases: _opening_key(use_cases, kept)))
    if text != kept:
        _keep(KEY_FILE, text)
    return text


async def _opening_key(use_cases: UseCases, kept: str) -> str:
    if await use_cases.authentication().caller(kept):
        return kept
    try:
        owner = await use_cases.owners().get(DEMO)
    except NotFound:
        owner = await use_cases.owners().create(DEMO, operator_context())
    if owner.deactivated_at is not None:
        fail(f"The demo owner is deactivated and its keys open nothing. Run: goatfish owner activate {DEMO}")
    keys, context, token = use_cases.keys(), operator_context(), ApiKeyToken.parse(kept)
    if token is None or await use_cases.storage().owners.holder(token.public_id) is not None:
        _, fresh = await keys.create(owner.id, context, name=DEMO, scopes=frozenset(Scope))
        return fresh.reveal()
    key = ApiKey.create(token, id=keys.new_id(), owner_id=owner.id, now=context.at, name=DEMO, scopes=frozenset(Scope))
    await keys.repository.of(owner.id).add(key, context)
    return kept


def _operator_password() -> str:
    """The password of the admin's operator, who is made if missing; empty where somebody else knows it."""
    kept = _kept(PASSWORD_FILE)
    if management.operator_exists(OPERATOR):
        return kept
    password = kept or secrets.token_urlsafe(12)
    management.create_operator(OPERATOR, password)
    _keep(PASSWORD_FILE, password)
    return password


def _kept(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _keep(path: Path, secret: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{secret}\n")


def _show(base: str, key: str, password: str) -> None:
    """The box is open at its sides and its lines are not broken, so that each can be copied whole."""
    sign_in = f"{OPERATOR} / {password}" if password else f"{OPERATOR}, with the password you gave it"
    console = Console(markup=False, highlight=False, soft_wrap=True)
    console.rule(" Goatfish ")
    for name, value in (
        ("API", f"{base}/api/v1/simulations"),
        ("Docs", f"{base}/docs"),
        ("Admin", f"{base}/admin/"),
        ("Sign in", sign_in),
        ("Kept in", f"{KEY_FILE} (the demo owner's key), {PASSWORD_FILE}" if password else str(KEY_FILE)),
    ):
        console.print(f"  {name:<9}{value}")
    console.print(f"\ncurl -H 'X-API-Key: {key}' {base}/api/v1/simulations\n")
    console.rule(" Ctrl-C stops it ")
