"""Makes many owners, each with a key, in one process: ``python -m tests.browser.workbench.tenants 100`` prints them."""

import asyncio
import sys

from app.cli.use_case_runner import operator_context, with_use_cases
from app.container import UseCases
from domain.access.scopes import Scope


async def make(use_cases: UseCases, count: int) -> None:
    """Prints a name and a key for each."""
    for number in range(count):
        owner = await use_cases.owners().create(f"tenant {number}", operator_context())
        _, token = await use_cases.keys().create(
            owner.id, operator_context(), name="workbench", scopes=frozenset(Scope)
        )
        sys.stdout.write(f"{owner.name}\t{token.reveal()}\n")


if __name__ == "__main__":
    asyncio.run(with_use_cases(lambda use_cases: make(use_cases, int(sys.argv[1]))))
