"""Reports on all runs of a simulation: their summary, and their table as CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from typing import Any

from goatfish.testing.objects import RUN, STATUSES, Body

_EXACT, _MEAN = Context(prec=1000), Context(prec=50)
_PLAIN = ["id", *(name for name in RUN.fields if name not in {"labels", "parameters", "results", "artifacts"})]
_COLUMNS = [*_PLAIN, "created_by", "created_at", "updated_at"]
_TEXTS = {"name", "status_reason", "solver", "solver_version", "external_id"}
_SIGN, _BREAK = "[=+@\uff1d\uff0b\uff0d\uff20-]", "[;\t-\r\x1c-\x1f\x85\u2028\u2029]"
_BEGINS = re.compile(rf"\s*{_SIGN}|[\t\r]")
_WITHIN = re.compile(rf"(?<={_BREAK})(?=(?:(?!{_BREAK})[\s\"])*{_SIGN})")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def summary(runs: Sequence[Body]) -> Body:
    """How many runs there are of each status, and the range and mean of each result that is a number."""
    statuses = [run["status"] for run in runs]
    found: dict[str, list[tuple[Any, Any]]] = {}
    for run in runs:
        for name, quantity in run["results"].items():
            if not isinstance(quantity["value"], (str, bool)):
                found.setdefault(name, []).append((quantity["value"], quantity["unit"] or None))
    results = {}
    for name, numbers in sorted(found.items()):
        values = [value for value, _ in numbers]
        units = {unit for _, unit in numbers}
        total = Decimal(0)
        for value in values:
            total = _EXACT.add(total, Decimal(repr(value)))
        results[name] = {
            "count": len(values),
            "min": min(values),
            "max": max(values),
            "mean": float(_MEAN.divide(total, Decimal(len(values)))),
            "unit": units.pop() if len(units) == 1 else None,
        }
    by_status = {status: statuses.count(status) for status in STATUSES if status in statuses}
    return {"runs": len(runs), "by_status": by_status, "results": results}


def table(runs: Sequence[Body]) -> str:
    """The runs as CSV, newest first, with a column for each member that one of them has."""
    newest = sorted(runs, key=lambda run: (run["created_at"], run["id"]), reverse=True)
    labels = sorted({name for run in runs for name in run["labels"]})
    header: list[Any] = [*_COLUMNS, *(f"labels.{name}" for name in labels)]
    quantities: list[tuple[str, str, bool]] = []
    for of in ("parameters", "results"):
        units: dict[str, set[Any]] = {}
        for run in runs:
            for name, quantity in run[of].items():
                units.setdefault(name, set()).add(quantity["unit"] or None)
        for name, known in sorted(units.items()):
            unit = next(iter(known)) if len(known) == 1 else None
            header.append(harmless(f"{of}.{name} [{unit}]") if unit else f"{of}.{name}")
            if len(known) > 1:
                header.append(f"{of}.{name} [unit]" if f"{name}.unit" in units else f"{of}.{name}.unit")
            quantities.append((of, name, len(known) > 1))
    lines = [_line(header)]
    for run in newest:
        cells = [harmless(run[name]) if name in _TEXTS and run[name] else run[name] for name in _COLUMNS]
        cells += [harmless(run["labels"][name]) if name in run["labels"] else None for name in labels]
        for of, name, has_unit in quantities:
            quantity = run[of].get(name, {"value": None, "unit": None})
            value = quantity["value"]
            cells.append(harmless(value) if isinstance(value, str) else value)
            if has_unit:
                cells.append(quantity["unit"] and harmless(quantity["unit"]))
        lines.append(_line(cells))
    return "".join(lines)


def harmless(text: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet would run what follows as a formula; a number stays."""
    text = _WITHIN.sub("'", text)
    return f"'{text}" if _BEGINS.match(text) and not _NUMBER.fullmatch(text) else text


def _line(cells: Iterable[Any]) -> str:
    return ",".join(map(_cell, cells)) + "\r\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):  # as JSON writers of the service do
        return re.sub(r"e([+-])0*", lambda found: "e" + found[1].strip("+"), repr(value))
    if not isinstance(value, str):
        return json.dumps(value)
    quoted = value.replace('"', '""')
    return f'"{quoted}"' if re.search('[",;\t\n\r]', value) else value
