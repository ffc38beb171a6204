"""Runs as a table with the columns of ``runs.csv``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

from goatfish.models import Quantity, Run

if TYPE_CHECKING:
    import pandas

MAPPINGS = ("labels", "parameters", "results")
PLAIN = tuple(each.name for each in dataclasses.fields(Run) if each.name not in {*MAPPINGS, "artifacts"})
NOT_FINITE = frozenset({"nan", "inf", "-inf"})
"""What JSON has no numbers for, as ``client.run`` records it."""
MOMENTS = tuple(name for name in PLAIN if name.endswith("_at"))


def columns_of(runs: Iterable[Run]) -> dict[str, list[Any]]:
    """The columns by their heads: the plain members, then ``labels.K``, ``parameters.K`` and ``results.K`` by name.

    The head has the unit, as ``parameters.alpha [deg]``, where all runs that have the member agree on one; where they
    differ, a column ``parameters.alpha.unit`` follows.
    """
    rows = list(runs)
    table: dict[str, list[Any]] = {name: [getattr(run, name) for run in rows] for name in PLAIN}
    for name in sorted({name for run in rows for name in run.labels}):
        table[f"labels.{name}"] = [run.labels.get(name) for run in rows]
    for what in ("parameters", "results"):
        members: Sequence[Mapping[str, Quantity]] = [getattr(run, what) for run in rows]
        names = {name for each in members for name in each}
        for name in sorted(names):
            quantities = [each.get(name) for each in members]
            _add(table, f"{what}.{name}", quantities, taken=f"{name}.unit" in names)
    return table


def _add(table: dict[str, list[Any]], head: str, quantities: Sequence[Quantity | None], *, taken: bool) -> None:
    values = [each.value if each else None for each in quantities]
    units = {each.unit for each in quantities if each}
    if len(units) == 1:
        (unit,) = units
        table[head if unit is None else f"{head} [{unit}]"] = values
        return
    table[head] = values
    table[f"{head} [unit]" if taken else f"{head}.unit"] = [each.unit if each else None for each in quantities]


def table_maker() -> Callable[[Iterable[Run]], pandas.DataFrame]:
    """Makes tables of runs. Raises ``ImportError`` where pandas is not installed."""
    try:
        import pandas  # noqa: PLC0415 -- it is the user's own
    except ImportError as error:
        raise ImportError("to_pandas needs pandas: pip install pandas") from error

    def frame_of(runs: Iterable[Run]) -> pandas.DataFrame:
        frame = pandas.DataFrame({head: _typed(pandas, values) for head, values in columns_of(runs).items()})
        for name in MOMENTS:
            frame[name] = pandas.to_datetime(frame[name], utc=True)
        return frame

    return frame_of


def _typed(pandas: Any, values: list[Any]) -> Any:
    """The values as a column: booleans of which some are missing stay booleans, and numbers stay numbers.

    What was recorded as the text of a number that is not finite is that number again, beside others.
    """
    kinds = {type(each) for each in values if each is not None and each not in NOT_FINITE}
    if not kinds:
        return pandas.Series(values, dtype=object)
    if kinds == {bool}:
        return pandas.Series(values, dtype="boolean" if None in values else bool)
    if kinds <= {int, float}:
        return [float(each) if isinstance(each, str) else each for each in values]
    return values
