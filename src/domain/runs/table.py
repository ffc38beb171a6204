"""Runs as a table for spreadsheets: its columns, the units in its header, and cells that nothing runs as a formula."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from domain.entity_spec import spec_of
from domain.errors import Unavailable
from domain.fields import LongText, Text
from domain.items import Items
from domain.maps import Map
from domain.runs.run import Run
from domain.runs.units import DIFFER, Unit, agreed, known_unit

MAPS = ("labels", "parameters", "results")
_KEPT = tuple(each for each in spec_of(Run).kept if not isinstance(each.kind, Map | Items))
_TEXTS = frozenset(each.name for each in _KEPT if isinstance(each.kind, Text | LongText))
PLAIN = (
    "id",
    *(each.name for each in _KEPT),
    "created_at",
    "updated_at",
)
"""The members with a column each, in the order of the representation; artifacts have none."""
COLUMNS = (*PLAIN, *MAPS)
Cell: TypeAlias = str | int | float | bool | UUID | datetime | None
RunRow: TypeAlias = Sequence[Any]
"""What a run has of ``COLUMNS``; its parameters and results by name, each a value with its unit."""
_SIGNS = r"[=+@\uff1d\uff0b\uff0d\uff20-]"
"""How formulas begin, with full-width signs too, which some spreadsheets take for the others."""
_BREAKS = r"[;\t-\r\x1c-\x1f\x85\u2028\u2029]"
"""Where spreadsheets begin another cell: some split lines at semicolons or tabs, and quotes within do not stop them."""
_FORMULA = re.compile(rf"\s*{_SIGNS}|[\t\r]")
_FORMULA_WITHIN = re.compile(rf"(?<={_BREAKS})(?=((?!{_BREAKS})[\s\"])*{_SIGNS})")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


@dataclass(slots=True)
class Members:
    """The names of the runs' labels, and of their parameters and results, with the units that they agree on."""

    labels: set[str] = field(default_factory=set)
    parameters: dict[str, Unit] = field(default_factory=dict)
    results: dict[str, Unit] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels) + len(self.parameters) + len(self.results)

    def add(self, row: RunRow) -> None:
        """Adds the members of a run."""
        labels, parameters, results = row[-len(MAPS) :]
        self.labels.update(labels)
        for units, quantities in ((self.parameters, parameters), (self.results, results)):
            for name, (_, unit) in quantities.items():
                self.agree(units, name, known_unit(unit))

    @staticmethod
    def agree(units: dict[str, Unit], name: str, unit: Unit) -> None:
        """Adds quantities of this name, which have this unit."""
        units[name] = agreed(units[name], unit) if name in units else unit


class RunTable:
    """The table of runs that have these members.

    ``converted`` has what shows a plain member in another form. The unit of a parameter or result is in the header,
    where all runs that have it agree on one: ``parameters.alpha [deg]``. Where they differ, a column
    ``parameters.alpha.unit`` follows; it is ``parameters.alpha [unit]`` where a parameter is called ``alpha.unit``.
    """

    def __init__(self, members: Members, converted: Mapping[str, Callable[[Any], Any]]) -> None:
        self._plain: list[Callable[[Any], Any]] = [
            converted.get(name, harmless if name in _TEXTS else _unchanged) for name in PLAIN
        ]
        self._labels = sorted(members.labels)
        self._parameters, self._results = sorted(members.parameters.items()), sorted(members.results.items())
        self.header = [
            *PLAIN,
            *(f"labels.{name}" for name in self._labels),
            *_titles("parameters", self._parameters),
            *_titles("results", self._results),
        ]

    def cells(self, row: RunRow) -> list[Cell]:
        """The cells of a run, None where it has nothing; without members that the table has no column for.

        Raises ``Unavailable`` for a quantity whose unit is not that of its column: the run has been changed since.
        """
        cells = [None if value is None else form(value) for form, value in zip(self._plain, row, strict=False)]
        labels, parameters, results = row[-len(MAPS) :]
        cells += [harmless(labels[name]) if name in labels else None for name in self._labels]
        for quantities, columns in ((parameters, self._parameters), (results, self._results)):
            for name, expected in columns:
                value, unit = quantities.get(name, _MISSING)
                cells.append(harmless(value) if value.__class__ is str else value)
                if expected is DIFFER:
                    cells.append(unit and harmless(unit))
                elif unit != expected and value is not None and known_unit(unit) != expected:
                    raise Unavailable("The units of the runs were changed while they were exported.")
        return cells


_MISSING = (None, None)


def harmless(text: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet would run what follows as a formula; a number stays.

    Quotes alone do not do it: who splits lines at semicolons finds other cells than who splits them at commas
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    text = _FORMULA_WITHIN.sub("'", text)
    if text[:1].isalnum():  # nearly always, and found soon
        return text
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _titles(of: str, columns: Sequence[tuple[str, Unit]]) -> Iterable[str]:
    names = {name for name, _ in columns}
    for name, unit in columns:
        yield harmless(f"{of}.{name} [{unit}]") if isinstance(unit, str) else f"{of}.{name}"
        if unit is DIFFER:
            yield f"{of}.{name} [unit]" if f"{name}.unit" in names else f"{of}.{name}.unit"


def _unchanged(value: Any) -> Any:
    return value
