"""Simulations and runs: their members, the rules between these, and how one state follows on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Callable, NamedTuple

from goatfish.testing.kinds import Choice, Day, Lines, Moment, Reference, Text, parse_moment
from goatfish.testing.members import (
    REQUIRED,
    Artifacts,
    Field,
    Fields,
    Labels,
    Quantities,
    broken,
    defaults,
    read_members,
    same,
)
from goatfish.testing.problems import Fault, Path, Refusal, as_sent, at, invalid

Body = dict[str, Any]
STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
FINAL = frozenset(STATUSES[2:])
Rule = tuple[tuple[str, str], Callable[[Any, Any], bool], tuple[str, str, str]]
"""Two members, whether the rule holds for them, and the member, code and sentence of the fault where it does not."""


class Link(NamedTuple):
    """A member that refers to another object, and the codes of what it forbids."""

    member: str
    to: str
    in_use: str
    missing: str


class Entity(NamedTuple):
    """A kind of object."""

    kind: str
    fields: Fields
    rules: Sequence[Rule]
    links: Sequence[Link] = ()
    has_maker: bool = False

    @property
    def plural(self) -> str:
        return f"{self.kind}s"

    def broken(self, values: Mapping[str, Any]) -> list[tuple[Path, str, str]]:
        """The rules that these values break, each of them and between them."""
        return [*broken(self.fields, values), *self.broken_between(values)]

    def broken_between(self, values: Mapping[str, Any]) -> list[tuple[Path, str, str]]:
        """The rules that these values break between them."""
        found: list[tuple[Path, str, str]] = []
        for members, holds, (member, code, detail) in self.rules:
            given = [values.get(name) for name in members]
            if None not in given and not holds(*given):
                found.append(((member,), code, detail))
        return found


SIMULATION = Entity(
    "simulation",
    {
        "name": Field(Text(300), REQUIRED),
        "start_date": Field(Day(), REQUIRED),
        "end_date": Field(Day(), REQUIRED),
        "description": Field(Lines(4000)),
        "labels": Field(Labels(), {}),
    },
    [
        (
            ("start_date", "end_date"),
            lambda start, end: bool(start <= end),
            ("end_date", "before_start", "The simulation ends before it starts."),
        )
    ],
)
RUN = Entity(
    "run",
    {
        "simulation_id": Field(Reference("simulation"), REQUIRED),
        "name": Field(Text(300)),
        "status": Field(Choice(*STATUSES), "queued"),
        "status_reason": Field(Lines(2000, trim=True)),
        "started_at": Field(Moment(), kept=True),
        "finished_at": Field(Moment(), kept=True),
        "solver": Field(Text(100)),
        "solver_version": Field(Text(100)),
        "external_id": Field(Text(255)),
        "parent_id": Field(Reference("run"), immutable=True, kept=True),
        "labels": Field(Labels(), {}),
        "parameters": Field(Quantities(), {}),
        "results": Field(Quantities(), {}),
        "artifacts": Field(Artifacts(), []),
    },
    [
        (
            ("status", "started_at"),
            lambda status, _: status != "queued",
            ("started_at", "not_started", "A queued run has not started."),
        ),
        (
            ("status", "finished_at"),
            lambda status, _: status in FINAL,
            ("finished_at", "not_finished", "A run that is queued or running has not finished."),
        ),
        (
            ("started_at", "finished_at"),
            lambda start, end: moment(start) <= moment(end),
            ("finished_at", "before_start", "The run finishes before it starts."),
        ),
    ],
    links=(
        Link("simulation_id", "simulation", "simulation_has_runs", "simulation_missing"),
        Link("parent_id", "run", "run_has_children", "parent_missing"),
    ),
    has_maker=True,
)
ENTITIES = {each.kind: each for each in (SIMULATION, RUN)}


def moment(text: str) -> datetime:
    """The time that the service has written so."""
    found = parse_moment(text)
    if found is None:
        raise ValueError(f"This is no time: {text}")
    return found


def read_body(entity: Entity, content: Any, mode: str) -> tuple[Body, list[Fault], list[Fault]]:
    """The values of a body that creates (``mode``: create), replaces or patches, and its faults: of types, of rules.

    What a creation leaves out has its default, and so has what a replacement leaves out, but for what it keeps.
    """
    patch = mode == "patch"
    fields = entity.fields
    values, wrong = read_members(fields, content, partial=patch, patch=patch)
    omitted = {} if patch or not isinstance(content, dict) else defaults(fields)
    if mode == "replace":
        omitted = {name: value for name, value in omitted.items() if not fields[name].kept}
    left_out = {name: value for name, value in omitted.items() if name not in (content or ())}
    values = {**left_out, **values}
    rules = [at(as_sent(path, content), *rest) for path, *rest in entity.broken(values)] if content else []
    return values, [at(path, *rest) for path, *rest in wrong], rules


def filled_in(before: Body | None, after: Body, given: Mapping[str, Any], now: str) -> Body:
    """The times of a run that nobody has sent: of the start where it begins to run, of the finish where it ends."""
    status = after.get("status")
    if status is None or (before is not None and before["status"] == status):
        return {}
    filled: Body = {}
    if status == "running" and given.get("started_at", UNSENT) is UNSENT:
        filled["started_at"] = now
    if status in FINAL and given.get("finished_at", UNSENT) is UNSENT:
        filled["finished_at"] = max(now, after["started_at"] or now, key=moment)
    return filled


UNSENT: Any = object()


def made(entity: Entity, values: Body, sent: Mapping[str, Any], *, id: str, actor: str, now: str) -> Body:
    """A new object of these values, of which some were sent."""
    kept = {**values, **filled_in(None, values, sent, now)}
    maker = {"created_by": actor} if entity.has_maker else {}
    members = {name: kept[name] for name in entity.fields}
    return {"id": id, **members, **maker, "created_at": now, "updated_at": now}


def changed(entity: Entity, before: Body, values: Body, *, patch: bool, now: str) -> Body:
    """The object with these values; itself where nothing changes. Raises ``Refusal``."""
    merged, faults = dict(values), []
    for name, value in values.items():
        kind = entity.fields[name].kind
        if patch and isinstance(kind, Labels):
            both = {**before[name], **value}
            merged[name] = {key: member for key, member in both.items() if member is not None}
            faults += broken(entity.fields, {name: merged[name]})
    merged.update(filled_in(before, {**before, **merged}, values, now))
    after = {**before, **merged}
    if same(after, before) and not faults:
        return before
    for name, field in entity.fields.items():
        if field.immutable and after[name] != before[name]:
            detail = f"The {name.replace('_', ' ')} is set on creation, and cannot be changed."
            faults.append(((name,), "immutable", detail))
    if not faults:
        require_forward(before, after)
    faults += entity.broken_between(after)
    if faults:
        raise invalid([], [at(*each) for each in faults])
    return {**after, "updated_at": max(now, before["updated_at"], key=moment)}


def require_forward(before: Body, after: Body) -> None:
    """Raises ``Refusal`` where a run may not come from the one status to the other."""
    old, new = before.get("status"), after.get("status")
    if old in {new, "queued"} or (old == "running" and new in FINAL):
        return
    if old in FINAL:
        raise Refusal("run_has_ended", f"The run has ended: it is {old}, and cannot become {new}.")
    raise Refusal("run_has_started", f"The run has started: it is {old}, and cannot become {new} again.")
