"""The figures about runs as text: beside simulations and peers, as they grow, and many at once."""

from collections.abc import Mapping
from typing import Any

from benchmarks import run_bulk, run_growth
from benchmarks.more_report import growth_table
from benchmarks.report import SUBJECT, columns, operation_table, targets_text
from benchmarks.run_requests import OPERATIONS
from benchmarks.spread import Spread, Verdict, ratios

OF_SIMULATION = {"create": 1.5, "get": 1.5, "list": 3.0}
"""How many times a simulation's server time a run may take."""


def text(report: Mapping[str, Any]) -> str:
    """Whatever of it has been measured."""
    parts = []
    if "runs" in report:
        parts.append(contest_text(report["runs"]))
    if "run_growth" in report:
        parts.append(growth_text(report["run_growth"]))
    if "run_bulk" in report:
        parts.append(bulk_text(report["run_bulk"]))
    return "\n".join(parts)


def contest_text(figures: Mapping[str, Any]) -> str:
    parts = ["\n══ Runs with 20 parameters and 10 results ══"]
    parts += [operation_table(name, figures[name], OPERATIONS[name]) for name in OPERATIONS if name in figures]
    operations = [name for name in OPERATIONS if not name.startswith("simulation")]
    peers = dict.fromkeys(name for operation in operations for name in figures[operation] if name != SUBJECT)
    rows = [["", *operations]]
    for peer in peers:
        found = [figures[operation] for operation in operations]
        cells = [str(ratios(each[peer]["server"], each[SUBJECT]["server"])) if peer in each else "-" for each in found]
        rows.append([peer, *cells])
    if peers:
        parts.append(f"\nserver µs a request, as how many times {SUBJECT}'s\n{columns(rows)}")
    return "\n".join([*parts, targets_text(contest_targets(figures))])


def contest_targets(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for operation, wanted in OF_SIMULATION.items():
        mine, base = figures[operation][SUBJECT], figures[f"simulation: {operation}"][SUBJECT]
        reached = ratios(mine["server"], base["server"])
        found.append(_target(operation, "a simulation's", reached, f"at most {wanted}", reached.at_most(wanted)))
    return found


def _target(operation: str, against: str, reached: Spread, wanted: str, verdict: Verdict) -> dict[str, Any]:
    return {"operation": operation, "against": against, "reached": reached, "wanted": wanted, "verdict": verdict}


def growth_text(found: Mapping[str, Any]) -> str:
    """Processor time by the number of runs, the database's time within a simulation, and the plans."""
    parts = ["\n══ Runs: what grows ══"]
    for operation, figures in found["operations"].items():
        table = growth_table("runs of the owner", figures, run_growth.WITHIN)
        parts.append(f"\n{operation}: {run_growth.MEASURED[operation]}\n{table}")
    parts += [f"{name}: MISSED, {why}" for name, why in found["missing"].items()]
    limits = []
    for operation in run_growth.WITHIN_SIMULATION:
        for label, one in found["operations"].get(operation, {}).items():
            reached = Spread.of([value / 1000 for value in one["database"]["rounds"]])
            wanted = f"at most {run_growth.DATABASE_MS:.0f}"
            limits.append(_target(operation, label, reached, wanted, reached.at_most(run_growth.DATABASE_MS)))
    parts.append(targets_text(limits, "database ms a request"))
    for operation, plans in found["plans"].items():
        parts.append(f"\nplan, {operation}:")
        parts += plans or ["(none was logged)"]
    return "\n".join(parts)


def bulk_text(found: Mapping[str, Any]) -> str:
    batch, export = found["batch"], found["csv"]
    limits: list[dict[str, Any]] = []
    missing: list[str] = []
    if "missing" in batch:
        missing.append(_missing("batch", batch["missing"]))
    else:
        more, wanted = Spread.of(batch["more_p99_ms"]["rounds"]), run_bulk.RUNS_PER_SECOND
        for connections, reached in batch["runs_per_second"].items():
            speed = Spread.of(reached["rounds"])
            what = f"runs a second over {connections} connection{'s' if connections != '1' else ''}"
            limits.append(_target("batch", what, speed, f"at least {wanted}", speed.at_least(wanted)))
        least = run_bulk.P99_MS
        against = f"p99 of another owner's gets, ms over {batch['quiet_p99_ms']['median']:.1f}"
        limits.append(_target("batch", against, more, f"at most {least:.0f}", more.at_most(least)))
    if "missing" in export:
        missing.append(_missing("runs.csv", export["missing"]))
    else:
        speed, grown = (Spread.of(export[name]["rounds"]) for name in ("rows_per_second", "memory_mib"))
        wanted = run_bulk.ROWS_PER_SECOND
        limits.append(_target("runs.csv", "rows a second", speed, f"at least {wanted}", speed.at_least(wanted)))
        most = run_bulk.MEMORY_MIB
        limits.append(_target("runs.csv", "MiB more", grown, f"at most {most:.0f}", grown.at_most(most)))
    table = [targets_text(limits, "figures of their own")] if limits else []
    return "\n".join(["\n══ Runs: many at once ══", *missing, *table])


def _missing(name: str, status: int) -> str:
    return f"{name}: MISSING, answered {status}"
