"""Owners with keys on a running service, all made by one process: as a module, what that process does."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.running_service import Live
from tests.warm_start import python

if TYPE_CHECKING:
    from app.container import UseCases


def owners_with_keys(live: Live, *names: str) -> dict[str, str]:
    """The keys, with all scopes, of new owners of these names."""
    command = python("-m", "clients.python.tests.owners", *names)
    made = subprocess.run(command, env=live.env, capture_output=True, text=True, check=True, timeout=60)
    return dict(zip(names, made.stdout.split(), strict=True))


async def _made(use_cases: UseCases) -> list[str]:
    from app.cli.use_case_runner import operator_context
    from domain.access.scopes import Scope

    keys = []
    for name in sys.argv[1:]:
        owner = await use_cases.owners().create(name, operator_context())
        _, token = await use_cases.keys().create(owner.id, operator_context(), name="default", scopes=[*Scope])
        keys.append(token.reveal())
    return keys


if __name__ == "__main__":
    from app.cli.use_case_runner import run_use_case

    print(*run_use_case(_made))  # noqa: T201 -- its answer
