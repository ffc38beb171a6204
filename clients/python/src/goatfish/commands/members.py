"""The members of runs and simulations one by one, under names like ``parameters.alpha``, and where objects differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from goatfish.commands.showing import NOTHING, TO_THE_SECOND, moment_text, quantity_text, value_text

MAPS = ("labels", "parameters", "results")
QUANTITIES = ("parameters", "results")
ORDER = ("parameters", "results", "labels", "artifacts")
OWN = frozenset({"id", "created_at", "updated_at"})
"""What no two objects have in common."""
MISSING = None


def flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """All members by name, those of maps and of each artifact too, in the order of the representation."""
    members: dict[str, Any] = {}
    for name, value in item.items():
        if isinstance(value, dict):
            members.update({f"{name}.{key}": each for key, each in value.items()})
        elif isinstance(value, list):
            for at, each in enumerate(value):
                members.update(_of_artifact(f"{name}.{_name_of(each, at)}", each))
        else:
            members[name] = value
    return members


def _name_of(item: Any, at: int) -> str:
    return str(item["name"]) if isinstance(item, dict) and item.get("name") else str(at)


def _of_artifact(name: str, item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        return {name: item}
    return {f"{name}.{key}": each for key, each in item.items() if key != "name"}


def names_of(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of all members of these flat objects: plain ones as they come, then parameters, results and others."""
    names = dict.fromkeys(name for item in items for name in item)
    return sorted(names, key=_place)


def _place(name: str) -> tuple[int, str]:
    of = name.partition(".")[0]
    return (ORDER.index(of) + 1, name) if of in ORDER and of != name else (0, "")


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON: 12 is 12.0, but true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def all_same(values: Sequence[Any]) -> bool:
    """Whether all these values are equal as JSON."""
    return all(same(values[0], each) for each in values[1:])


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """The members that differ, each with its value before and after, None where it has none."""
    old, new = flat(before), flat(after)
    return [
        (name, old.get(name, MISSING), new.get(name, MISSING))
        for name in names_of([old, new])
        if name not in OWN and not same(old.get(name, MISSING), new.get(name, MISSING))
    ]


def member_text(name: str, value: Any, *, exact: bool = True) -> str:
    """The value of the member of this name, in one line of text."""
    if value is None:
        return NOTHING
    if isinstance(value, dict):
        return quantity_text(value, exact=exact)
    if name.endswith("_at") and isinstance(value, str):
        return moment_text(value, exact=exact, form=TO_THE_SECOND)
    return value_text(value, exact=exact) if not isinstance(value, str) or name.startswith("labels.") else value
