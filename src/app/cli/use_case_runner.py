"""Runs the API's own use cases for an operator, on the operators' database."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from app.cli.database import require_operators
from app.container import Container, UseCases
from config.loading import load
from domain.write_context import WriteContext

T = TypeVar("T")


def operator_context() -> WriteContext:
    """The write context of whoever runs the command: the user of the operating system."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        user = str(os.getuid())
    return WriteContext(actor=f"operator:{user}", request_id=str(uuid4()), at=datetime.now(UTC))


async def with_use_cases(work: Callable[[UseCases], Awaitable[T]]) -> T:
    """Calls ``work`` with the use cases on the operators' database, and closes its connections afterwards."""
    use_cases = Container(settings=load()).operators()
    storage = use_cases.storage()
    await storage.open()
    try:
        return await work(use_cases)
    finally:
        await storage.close()


def run_use_case(work: Callable[[UseCases], Awaitable[T]]) -> T:
    """The same from a command, which ends with an error where the database is not usable."""
    require_operators()
    return asyncio.run(with_use_cases(work))
