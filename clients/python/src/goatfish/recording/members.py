"""The parameters, the results or the labels of a run, as they are recorded one after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goatfish.recording import values


class Members:
    """Which members of one kind a run has: no more than the service takes, and each under a name of its own.

    What was captured gives way to what the user records.
    """

    def __init__(self, kind: str, say: values.Say) -> None:
        self._kind = kind
        self._say = say
        self._are_labels = kind == "labels"
        self._most = values.LABELS_MAX if self._are_labels else values.MEMBERS_MAX
        self._held: set[str] = set()
        self._captured: list[str] = []
        self._names: dict[str, str] = {}
        self._given: dict[str, str] = {}  # by name, what it was before it was brought into form

    def recorded(self, members: Mapping[Any, Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """These members in the form of the service, as many as it takes; None removes one."""
        kept: dict[str, Any] = {}
        for given, value in [*dict(members).items(), *named.items()]:
            self._record(given, value, kept)
        return kept

    def _record(self, given: Any, value: Any, kept: dict[str, Any]) -> None:
        name = self._names.get(values.plain_text(given)) or self._name(given)
        try:
            form = None if value is None else self._value(name, value)
        except Exception as error:  # of one that cannot even be looked at; the others are recorded
            self._say(f"{self._kind[:-1]} {name} is not recorded: {type(error).__name__}: {values.plain_text(error)}")
            return
        if form is None:
            kept[name] = None
            self._held.discard(name)
            return
        if name in self._captured:
            self._captured.remove(name)  # it is the user's from now on
        if name not in self._held and len(self._held) >= self._most and not self._evicted(kept):
            self._say(f"more than {self._most} {self._kind}: the rest is not recorded")
            return
        self._held.add(name)
        kept[name] = form

    def captured(self, found: Mapping[str, str]) -> dict[str, Any]:
        """What was captured, as far as there is room beside what the user has recorded."""
        fitting: dict[str, Any] = {}
        for name, text in found.items():
            if name not in self._held and len(self._held) < self._most:
                fitting[name] = text if self._are_labels else values.quantity(text, name, _quietly)
                self._held.add(name)
                self._captured.append(name)
                self._names.setdefault(name, name)
                self._given.setdefault(name, name)
        return fitting

    def _value(self, name: str, value: Any) -> Any:
        what = f"{self._kind[:-1]} {name}"
        return values.label(value, what, self._say) if self._are_labels else values.quantity(value, what, self._say)

    def _name(self, given: Any) -> str:
        """The name in the form of the service; two that differ stay different."""
        text = values.plain_text(given)
        if self._are_labels:
            name = values.label_name(text, self._say)
        else:
            name = values.quantity_name(text, self._kind[:-1], self._say)
        if self._given.get(name, text) != text:
            base, count = name[:60] if self._are_labels else name[:96], 2
            while f"{base}_{count}" in self._given:
                count += 1
            name = f"{base}_{count}"
        self._names[text], self._given[name] = name, text
        return name

    def _evicted(self, kept: dict[str, Any]) -> bool:
        """Whether something captured could make room."""
        if not self._captured:
            return False
        name = self._captured.pop()
        kept[name] = None
        self._held.discard(name)
        return True


def _quietly(sentence: str) -> None:
    """Captured values are brought into form without a warning."""
