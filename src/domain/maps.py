"""Maps: fields of named members, such as labels, and patches that change them member by member."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.fields import Field, Problem
from domain.validation import CONTROL_CHARACTERS

NAME_MAX = 200
"""Characters of the name of a member of a map, whatever its pattern."""
_KNOWN_NAMES_MAX = 10_000
_known_names: Mapping[str, set[str]] = defaultdict(set)
"""For each pattern, names that have been found to match: one entity has the same as the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(Field):
    """Names and texts, such as labels: a text may be empty, and holds no control characters.

    ``key_pattern`` is a regular expression of the whole name, ``key_words`` says it in words. No name holds control
    characters, whatever the pattern. PostgreSQL finds entities by the members of an ``indexed`` map.
    """

    max_items: int
    key_pattern: str
    key_words: str
    max_length: int
    indexed: bool = False

    def problems(self, value: Mapping[str, Any]) -> Iterator[Problem]:
        if len(value) > self.max_items:
            yield Problem("too_many", f"cannot hold more than {self.max_items} members")
            return
        yield from self.key_problems(value)
        for name, member in value.items():
            for code, predicate, path in self.member_problems(member):
                yield Problem(code, predicate, (name, *path))

    def key_problems(self, names: Collection[str]) -> Iterator[Problem]:
        """What is wrong with the names of members."""
        known = _known_names[self.key_pattern]
        if known.issuperset(names):
            return
        for name in names:
            if len(name) > NAME_MAX or CONTROL_CHARACTERS.search(name) or not re.fullmatch(self.key_pattern, name):
                yield Problem("key", f"cannot hold a name that is not {self.key_words}", (name,))
            elif len(known) < _KNOWN_NAMES_MAX:
                known.add(name)

    def member_problems(self, member: Any) -> Iterator[Problem]:
        """What is wrong with one member."""
        if CONTROL_CHARACTERS.search(member):
            yield Problem("control_characters", "cannot hold a text with control characters")
        elif len(member) > self.max_length:
            yield Problem("too_long", f"cannot hold a text that is longer than {self.max_length} characters")


@dataclass(frozen=True, slots=True)
class MapPatch:
    """Changes of a map, member by member: None removes one (RFC 7396)."""

    members: Mapping[str, Any]

    @property
    def given(self) -> dict[str, Any]:
        """The members that are set."""
        return {name: member for name, member in self.members.items() if member is not None}

    @property
    def removed(self) -> list[str]:
        """The names of the members that are removed."""
        return [name for name, member in self.members.items() if member is None]

    def applied(self, stored: Mapping[str, Any] | None) -> dict[str, Any]:
        """The map with these changes; where there was none, a map of them alone."""
        return {name: member for name, member in {**(stored or {}), **self.members}.items() if member is not None}
