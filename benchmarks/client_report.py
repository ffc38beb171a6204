"""The figures about client libraries as text."""

from collections.abc import Mapping
from typing import Any

from benchmarks.recorder import PARAMETERS, RESULTS
from benchmarks.report import columns
from benchmarks.spread import Spread

FIGURES = {
    "median_ms": "median ms",
    "p99_ms": "p99 ms",
    "runs_per_second": "runs/s",
    "cpu_ms": "caller's CPU ms",
    "import_ms": "import ms",
}


def text(report: Mapping[str, Any]) -> str:
    """Nothing where it has not been measured."""
    if "clients" not in report:
        return ""
    rows = [["", *FIGURES.values()]]
    for way, found in report["clients"].items():
        rows.append([way, *(str(Spread.of(found[name]["rounds"])) for name in FIGURES)])
    heading = f"══ Recording a run with {PARAMETERS} parameters and {RESULTS} results from Python ══"
    return f"\n{heading}\n\n{columns(rows)}"
