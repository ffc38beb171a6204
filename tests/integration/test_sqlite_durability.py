"""Every connection that writes to SQLite waits for the disk, unless a setting says otherwise."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from django.db.backends.signals import connection_created

from domain.simulations.simulation import Simulation
from tests.contracts.cases import admitted
from tests.factories import CONTEXT, SimulationFactory
from tests.integration.conftest import MakeStorage, opened
from tests.integration.test_processes import Shell
from tests.warm_start import python

if TYPE_CHECKING:
    from pathlib import Path

NORMAL, FULL = 1, 2
COMMAND = """
import sys
from django.db.backends.signals import connection_created

def tell(connection, **_):
    print("synchronous", *connection.connection.execute("PRAGMA synchronous").fetchone(), file=sys.stderr)

connection_created.connect(tell)
from app.cli import main
main()
"""


async def test_every_connection_of_the_service_waits_for_the_disk(on_threads: MakeStorage) -> None:
    found = []

    def note(connection: Any, **_: Any) -> None:
        found.append(connection.connection.execute("PRAGMA synchronous").fetchone()[0])

    connection_created.connect(note)
    try:
        async with opened(on_threads()) as storage:
            owner = await admitted(storage)
            await storage.repository(Simulation).of(owner).add(SimulationFactory.build(owner_id=owner), CONTEXT)
    finally:
        connection_created.disconnect(note)
    assert set(found) == {FULL}


@pytest.mark.parametrize(("setting", "level"), [({}, FULL), ({"GOATFISH_SQLITE_SYNCHRONOUS": "normal"}, NORMAL)])
def test_every_connection_of_a_command_obeys_the_setting(setting: dict[str, str], level: int, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for arguments in (["migrate"], ["owner", "create", "Ω"], ["backup", "copy"]):
        done = subprocess.run(
            python("-c", COMMAND, *arguments),
            cwd=tmp_path,
            env=shell.environment(**setting),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        told = {line for line in done.stderr.splitlines() if line.startswith("synchronous")}
        assert told == {f"synchronous {level}"}
