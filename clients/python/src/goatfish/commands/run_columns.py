"""The columns of a table of runs: what identifies them, then what was varied and found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from goatfish.commands.members import QUANTITIES, all_same
from goatfish.commands.showing import NOTHING, SHORT_ID, duration_text, moment_text, quantity_text, short_ids
from goatfish.commands.table import Column

Items = Sequence[Mapping[str, Any]]
STATUS_STYLES = {"queued": "dim", "running": "blue", "succeeded": "green", "failed": "red", "cancelled": "yellow"}
CAPTURED = frozenset({("parameters", "command"), ("parameters", "directory")})
"""Members that the client captures, which people seldom look for."""
IDENTITY, TIMES, VARIED, CONSTANT, REST = range(5)
"""Ranks: what is shown sooner where there is little room."""


def run_columns(runs: Items, simulations: Mapping[str, str] | None, *, exact: bool) -> list[Column]:
    """The columns. ``simulations`` has names by id, None where the column is not needed; ``exact`` cuts nothing."""
    names = [text_of(run, "name") for run in runs]
    statuses = [text_of(run, "status") for run in runs]
    columns = [
        Column("ID", ids_of(runs, exact=exact), IDENTITY),
        Column("NAME", names, IDENTITY, least=5),
        Column("STATUS", statuses, IDENTITY, styles=[STATUS_STYLES.get(status, "") for status in statuses]),
    ]
    if simulations is not None:
        of = [str(run.get("simulation_id")) for run in runs]
        texts = [simulations.get(id, id if exact else id[:SHORT_ID]) for id in of]
        columns.append(Column("SIMULATION", texts, TIMES, least=8))
    columns += [
        Column("STARTED", [moment_text(run.get("started_at"), exact=exact) for run in runs], TIMES),
        Column(
            "TOOK", [duration_text(run.get("started_at"), run.get("finished_at")) for run in runs], TIMES, right=True
        ),
        *quantity_columns(runs, exact=exact),
        Column("EXTERNAL ID", [text_of(run, "external_id") for run in runs], REST, least=8),
        Column("LABELS", [labels_text(run) for run in runs], REST, least=8),
    ]
    return [each for each in columns if each.rank in {IDENTITY, TIMES} or any(text != NOTHING for text in each.texts)]


def quantity_columns(runs: Items, *, exact: bool) -> list[Column]:
    """A column for each parameter and result; what does not differ comes last where there is little room."""
    keys = [(of, name) for of in QUANTITIES for name in sorted({name for run in runs for name in run.get(of) or {}})]
    keys.sort(key=CAPTURED.__contains__)
    shared = {name for of, name in keys if of == "parameters"} & {name for of, name in keys if of == "results"}
    columns = []
    for of, name in keys:
        quantities = [(run.get(of) or {}).get(name) for run in runs]
        units = {each.get("unit") for each in quantities if isinstance(each, dict)}
        unit = next(iter(units)) if len(units) == 1 else None
        header = f"{of}.{name}" if name in shared else name
        columns.append(
            Column(
                f"{header} [{unit}]" if unit else header,
                [quantity_text(each, exact=exact, unit=not unit) for each in quantities],
                REST if (of, name) in CAPTURED else VARIED if of == "results" or not all_same(quantities) else CONSTANT,
                least=None if all(map(is_number, quantities)) else 12,
                right=all(map(is_number, quantities)),
            )
        )
    return columns


def is_number(quantity: Any) -> bool:
    """Whether it is a number, or nothing."""
    value = quantity.get("value") if isinstance(quantity, dict) else 0
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def text_of(item: Mapping[str, Any], name: str) -> str:
    """The text of this member; a dash where there is none."""
    return str(item.get(name) or NOTHING)


def labels_text(item: Mapping[str, Any]) -> str:
    """The labels in one text; a dash where there are none."""
    labels = item.get("labels") or {}
    return ", ".join(f"{key}={value}" if value else key for key, value in labels.items()) or NOTHING


def ids_of(items: Items, *, exact: bool) -> list[str]:
    """The ids, short unless they have to be exact."""
    ids = [str(item.get("id")) for item in items]
    return ids if exact else short_ids(ids)
