"""Find the run or simulation that somebody means: by id, the beginning of one, external id, name, or ``last``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from goatfish.commands.exits import CommandFailed

if TYPE_CHECKING:
    from goatfish import Client, Run, Simulation

NEWEST = 1000
"""How many of the newest objects the beginning of an id is looked for among."""
PAGE = 100
LAST = re.compile(r"last(?:~(?P<before>[0-9]{1,3}))?")
BEGINNING = re.compile(r"[0-9a-f]{4,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}|[0-9a-f]{9,31}")
TIME_DIGITS, HOUR = 12, 3_600_000
"""An id begins with its millisecond; an hour is more than the clocks of a service's hosts differ."""
LONGEST_EXTERNAL_ID, LONGEST_NAME = 255, 300
SHOWN = 3
T = TypeVar("T")
Found = TypeVar("Found", "Run", "Simulation")


def run_of(client: Client, reference: str) -> Run:
    """The run that is meant. Raises CommandFailed where there is none, or more than one."""
    run = find_run(client, reference)
    if run is None:
        raise CommandFailed(f"no run has the id or external id {reference!r} (nor do the newest {NEWEST:,} begin so)")
    return run


def simulation_of(client: Client, reference: str) -> Simulation:
    """The simulation that is meant, the newest where several have this name. Raises CommandFailed without one."""
    simulation = find_simulation(client, reference)
    if simulation is None:
        raise CommandFailed(f"no simulation has the name or id {reference!r}{alike(client, reference)}")
    return simulation


def object_of(client: Client, reference: str) -> Run | Simulation:
    """The run that is meant, or else the simulation. Raises CommandFailed where there is neither."""
    from goatfish import errors

    found: Run | Simulation | None
    try:
        found = find_run(client, reference)
    except errors.PermissionDenied:  # of a key for simulations alone
        return simulation_of(client, reference)
    found = found or find_simulation(client, reference)
    if found is None:
        raise CommandFailed(
            f"no run and no simulation has the id, external id or name {reference!r}{alike(client, reference)}"
        )
    return found


def find_run(client: Client, reference: str) -> Run | None:
    """The run that is meant, None where there is none."""
    from goatfish import errors

    last = LAST.fullmatch(reference)
    if last:
        return nth(client.runs.list(limit=min(PAGE, steps(last) + 1)), steps(last))
    id = full_id(reference)
    if id:
        try:
            return client.runs.get(id)
        except errors.NotFound:
            pass
    if len(reference) <= LONGEST_EXTERNAL_ID:
        try:
            run = client.runs.list(external_id=reference, limit=1).first()
        except errors.InvalidRequest:  # no external id can be like this
            run = None
        if run is not None:
            return run
    return by_beginning(client.runs.list(limit=PAGE), reference, "runs")


def find_simulation(client: Client, reference: str) -> Simulation | None:
    """The simulation that is meant, None where there is none."""
    from goatfish import errors

    last = LAST.fullmatch(reference)
    if last:
        return nth(client.simulations.list(limit=min(PAGE, steps(last) + 1)), steps(last))
    id = full_id(reference)
    if id:
        try:
            return client.simulations.get(id)
        except errors.NotFound:
            pass
    if len(reference) <= LONGEST_NAME:
        try:
            simulation = client.simulations.find(reference)
        except errors.InvalidRequest:  # no name can be like this
            simulation = None
        if simulation is not None:
            return simulation
    return by_beginning(client.simulations.list(limit=PAGE), reference, "simulations")


def steps(last: re.Match[str]) -> int:
    """How many before the last are meant: 1 for ``last~1``."""
    return int(last["before"] or 0)


def nth(items: Iterable[T], number: int) -> T | None:
    """The item with this number, counted from 0, or None."""
    return next(islice(items, number, None), None)


def full_id(reference: str) -> str | None:
    """The id in the service's form, if this is one."""
    try:
        return str(UUID(reference))
    except ValueError:
        return None


def by_beginning(newest: Iterable[Found], reference: str, kinds: str) -> Found | None:
    """The one among the newest whose id begins so. Raises CommandFailed for several."""
    if not BEGINNING.fullmatch(reference.lower()):
        return None
    digits = reference.lower().replace("-", "")
    earliest = int(digits[:TIME_DIGITS].ljust(TIME_DIGITS, "0"), 16) - HOUR
    found: list[Found] = []
    for item in islice(newest, NEWEST):
        id = str(item.id).replace("-", "")
        if id.startswith(digits):
            found.append(item)
        elif int(id[:TIME_DIGITS], 16) < earliest:
            break  # and so are all that follow
    if len(found) > 1:
        some = ", ".join(str(item.id) for item in found[:SHOWN])
        more = ", …" if len(found) > SHOWN else ""
        raise CommandFailed(f"the ids of {len(found)} {kinds} begin with {reference}: {some}{more}")
    return found[0] if found else None


def alike(client: Client, name: str) -> str:
    """A question about simulations whose names contain this one; nothing where there are none."""
    from goatfish import errors

    try:
        names = dict.fromkeys(each.name for each in islice(client.simulations.list(name=name, limit=SHOWN), SHOWN))
    except errors.APIError:
        return ""
    return f"; is it {' or '.join(map(repr, names))}?" if names else ""
