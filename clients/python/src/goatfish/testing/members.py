"""The members of objects: maps and lists of values, and how all members of an object are read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from goatfish.testing.kinds import CONTROL, EXACT_MAX, UNREAD, URI, Kind, Lines, Read, Text, Whole, Wrong, is_number

REQUIRED: Any = object()
QUANTITY_NAME = "[A-Za-z][A-Za-z0-9_.-]{0,99}"


class Labels(Kind):
    """Texts by their names. In a change, a member may be None."""

    MAX, NAME = 32, "[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?"
    WORDS = "1 to 63 of A-Z a-z 0-9 . _ / -, beginning and ending with a letter or digit"

    def read(self, value: Any) -> Read:
        return self._read(value, patch=False)

    def read_patch(self, value: Any) -> Read:
        return self._read(value, patch=True)

    def _read(self, value: Any, *, patch: bool) -> Read:
        if not isinstance(value, dict):
            return UNREAD, [((), "wrong_type", "This is not an object.")]
        kept: dict[str, Any] = {}
        wrong: list[Wrong] = []
        for name, member in value.items():
            read, faults = (None, []) if member is None and patch else self.read_member(member)
            wrong += [((name, *path), code, detail) for path, code, detail in faults]
            if not faults:
                kept[name] = read
        return kept, wrong

    def read_member(self, member: Any) -> Read:
        return Lines(0).read(member)

    def rules(self, value: Mapping[str, Any]) -> Iterator[Wrong]:
        given = {name: member for name, member in value.items() if member is not None}
        if len(given) > self.MAX:
            yield (), "too_many", f"cannot hold more than {self.MAX} members"
            return
        for name in value:
            if not re.fullmatch(self.NAME, name):
                yield (name,), "key", f"cannot hold a name that is not {self.WORDS}"
        for name, member in given.items():
            for path, code, predicate in self.member_rules(member):
                yield (name, *path), code, f"cannot hold a {predicate}"

    def member_rules(self, member: Any) -> Iterator[Wrong]:
        if CONTROL.search(member):
            yield (), "control_characters", "text with control characters"
        elif len(member) > 255:
            yield (), "too_long", "text that is longer than 255 characters"


class Quantities(Labels):
    """Numbers, booleans and texts with their units, by their names."""

    MAX, NAME = 100, QUANTITY_NAME
    WORDS = "a letter and then up to 99 of A-Z a-z 0-9 _ . -"

    def read_member(self, member: Any) -> Read:
        if isinstance(member, (str, bool, int, float)):
            member = {"value": member}
        if not isinstance(member, dict):
            detail = "This is no number, boolean or text, and no object with a value and a unit."
            return UNREAD, [((), "quantity", detail)]
        unknown = (name for name in member if name not in {"value", "unit"})
        wrong: list[Wrong] = [((name,), "unknown", "There is nothing of this name.") for name in unknown]
        value, unit = member.get("value"), member.get("unit")
        if "value" not in member:
            wrong.append((("value",), "missing", "This is required."))
        elif not isinstance(value, (str, bool, int, float)):
            wrong.append((("value",), "quantity", "This is no number, boolean or text."))
        elif unit is not None and not isinstance(unit, str):
            wrong.append((("unit",), "wrong_type", "This is neither a string nor null."))
        value = 0.0 if isinstance(value, float) and value == 0 else value  # databases know no negative zero
        return {"value": value, "unit": unit}, wrong

    def member_rules(self, member: Any) -> Iterator[Wrong]:
        value, unit = member["value"], member["unit"]
        if isinstance(value, str):
            for _, code, predicate in Lines(1000).rules(value):
                yield ("value",), code, f"text that {predicate}"
        elif not isinstance(value, bool) and not is_number(value):
            yield ("value",), "out_of_range", "number that is not finite, or a whole one beyond ±2^53"
        for _, code, predicate in Text(32).rules(unit) if unit else ():
            yield ("unit",), code, f"unit that {predicate}"


class Field(NamedTuple):
    """A member of an object: its kind, and what it is when it is left out."""

    kind: Kind
    default: Any = None
    immutable: bool = False
    kept: bool = False
    """A replacement that leaves it out keeps its value."""

    @property
    def nullable(self) -> bool:
        return self.default is None


Fields = Mapping[str, Field]
ARTIFACT: Fields = {
    "name": Field(Text(255), REQUIRED),
    "uri": Field(Text(2048, URI, "an absolute URI"), REQUIRED),
    "media_type": Field(Text(255)),
    "bytes": Field(Whole(0, EXACT_MAX)),
    "sha256": Field(Text(64, "[0-9A-Fa-f]{64}", "64 hex digits")),
}


class Artifacts(Kind):
    """Links to files, no two of the same name."""

    def read(self, value: Any) -> Read:
        if not isinstance(value, list):
            return UNREAD, [((), "wrong_type", "This is not an array.")]
        kept: list[Any] = []
        wrong: list[Wrong] = []
        for place, item in enumerate(value):
            members, faults = read_members(ARTIFACT, item)
            kept.append(members if faults else {**defaults(ARTIFACT), **members})
            wrong += [((place, *path), code, detail) for path, code, detail in faults]
        order = list(ARTIFACT)
        return [{name: each[name] for name in order if name in each} for each in kept], wrong

    def rules(self, value: Sequence[Mapping[str, Any]]) -> Iterator[Wrong]:
        if len(value) > 50:
            yield (), "too_many", "cannot hold more than 50 items"
            return
        seen = set()
        for place, item in enumerate(value):
            for path, code, detail in broken(ARTIFACT, item):
                yield (place, *path), code, f"cannot hold this item: {detail[0].lower()}{detail[1:-1]}"
            if item.get("name", place) in seen:
                yield (place, "name"), "repeated", "cannot hold two items with the same name"
            seen.add(item.get("name"))


def defaults(fields: Fields) -> dict[str, Any]:
    """What the members are that may be left out."""
    return {name: field.default for name, field in fields.items() if field.default is not REQUIRED}


def read_members(fields: Fields, body: Any, *, partial: bool = False, patch: bool = False) -> Read:
    """What can be read of the body, and what is wrong with the types in it; a ``partial`` body may lack any member."""
    if not isinstance(body, dict):
        return {}, [((), "wrong_type", "This is not an object.")]
    if any(re.search("[\ud800-\udfff]", name) for name in body):
        return {}, [((), "invalid_unicode", "This is not valid Unicode text.")]
    values: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for name, field in fields.items():
        if name not in body:
            if field.default is REQUIRED and not partial:
                wrong.append(((name,), "missing", "This is required."))
            continue
        read = field.kind.read_patch if patch else field.kind.read
        value, faults = (None, []) if body[name] is None and field.nullable else read(body[name])
        wrong += [((name, *path), code, detail) for path, code, detail in faults]
        if value is not UNREAD:
            values[name] = value
    wrong += [((name,), "unknown", "There is nothing of this name.") for name in body if name not in fields]
    return values, wrong


def broken(fields: Fields, values: Mapping[str, Any]) -> list[Wrong]:
    """The rules that single values break."""
    return [
        ((name, *path), code, f"The {name.replace('_', ' ')} {predicate}.")
        for name, value in values.items()
        if value is not None
        for path, code, predicate in fields[name].kind.rules(value)
    ]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; for Python alone, True is equal to 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
