"""The first line of a journal: the run as it begins, and for whom it is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional, Union

from goatfish.recording import spool, values
from goatfish.recording.capture import Captured
from goatfish.recording.journal import FORMAT, Line, now
from goatfish.recording.members import Members
from goatfish.values import is_id

if TYPE_CHECKING:
    from goatfish.async_api.client import AsyncClient
    from goatfish.models import Simulation
    from goatfish.sync_api.client import Client

_batch_ids_used: set[str] = set()


@dataclass(frozen=True)
class Wanted:
    """What the user has said of a run before it began, in whatever form."""

    simulation: Union[str, Simulation, uuid.UUID]
    name: Optional[str] = None
    solver: Optional[str] = None
    solver_version: Optional[str] = None
    external_id: Optional[str] = None
    started_at: Union[datetime, str, None] = None
    parameters: Optional[Mapping[str, Any]] = None
    labels: Optional[Mapping[str, Any]] = None

    @property
    def title(self) -> str:
        """What to call it in warnings."""
        try:
            named: object = self.name or getattr(self.simulation, "name", self.simulation)
        except Exception:  # of objects that are neither texts nor simulations
            named = self.simulation
        return values.plain_text(named)[:80]


def first_line(wanted: Wanted, captured: Captured, members: Mapping[str, Members], say: values.Say) -> Line:
    """The line without the tenant and the parent."""
    key, at = str(uuid.uuid4()), now()
    run: dict[str, Any] = {"status": "running", "started_at": moment(wanted.started_at, say) or at}
    for name, given, most in (
        ("name", wanted.name, values.NAME_MAX),
        ("solver", wanted.solver, values.SOLVER_MAX),
        ("solver_version", wanted.solver_version, values.SOLVER_MAX),
    ):
        text = values.line(given, most, name, say)
        if text is not None:
            run[name] = text
    run["external_id"], source = _external_id(wanted.external_id, captured, key, say)
    for section, told, found in (
        ("parameters", wanted.parameters, captured.parameters),
        ("labels", wanted.labels, captured.labels),
    ):
        recorded = members[section].recorded(told, {}) if told is not None else {}
        run[section] = {**recorded, **members[section].captured(found)}
    line: Line = {"type": "start", "format": FORMAT, "at": at, **spool.this_process(), "idempotency_key": key}
    return {**line, "external_id_from": source, "simulation": _simulation(wanted.simulation, say), "run": run}


def tenant(client: Union[Client, AsyncClient, None]) -> dict[str, Optional[str]]:
    """Where the run is to be sent to, and with whose key."""
    if client is None:
        return {"url": None, "key": None, "owner": None}
    from goatfish.recording.service import OWNERS, public_part  # noqa: PLC0415 -- with a client only

    configuration = client._sender.configuration
    key = public_part(configuration.key)
    return {"url": configuration.url, "key": key, "owner": OWNERS.find(configuration.url, key)}


def moment(given: Union[datetime, str, None], say: values.Say) -> Optional[str]:
    """The moment in the form of the service; None where none is given, or what is given is none."""
    try:
        return None if given is None else values.moment(given)
    except Exception as error:
        say(f"{values.plain_text(given)[:40]!a} is no moment: {type(error).__name__}: {values.plain_text(error)}")
        return None


def _external_id(given: Optional[str], captured: Captured, key: str, say: values.Say) -> tuple[str, str]:
    """The external id, and where it is from: the user, the batch system, or made here."""
    own = values.line(given, values.EXTERNAL_ID_MAX, "external_id", say)
    if own is not None:
        return own, "user"
    job = values.line(captured.external_id, 200, "external_id", say)
    if job is None:
        return f"gf-{key}", "made"
    if job in _batch_ids_used:
        return f"{job}/{key[:6]}", "batch"
    _batch_ids_used.add(job)
    return job, "batch"


def _simulation(given: Any, say: values.Say) -> dict[str, str]:
    text = values.plain_text(getattr(given, "id", given))
    if is_id(text):
        return {"id": text.lower()}
    return {"name": values.line(text, values.NAME_MAX, "the simulation's name", say) or "unnamed"}
