"""`python -m benchmarks`: measures, prints the report, and keeps it as JSON."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from benchmarks import (
    client_contest,
    client_report,
    contest,
    edge,
    fairness,
    footprint,
    many,
    more_report,
    plot,
    report,
    run_bulk,
    run_contest,
    run_growth,
    run_report,
    scale,
    workbench,
)
from benchmarks.contestants import MLFLOW_BIN, PEERS_BIN, ROOT, Keys
from benchmarks.field import OWNERS, ROWS, ground
from benchmarks.machine import described, spread_out
from benchmarks.operations import CLIENTS, OPERATIONS
from benchmarks.roster import MLFLOW

PARTS = ("table", "scale", "many", "footprint", "edge", "runs", "clients", "workbench")
LATEST = ROOT / "benchmarks" / "results" / "latest.json"
PUBLISHED = ROOT / "docs" / "benchmark.json"
PLOT = ROOT / "docs" / "benchmark.svg"
TOLD = (
    *("django", "djangorestframework", "django-ninja", "django-bolt", "fastapi", "litestar", "sqlalchemy"),
    *("asyncpg", "psycopg", "uvicorn", "gunicorn", "mlflow"),
)


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)

    chosen = [one for one in contest.ALL if _chosen(one.name, options.peers)]
    rounds, seconds = (3, 0.2) if options.quick else (7, 1.0)
    plan = contest.Options(
        rounds=options.rounds or rounds,
        seconds=options.seconds or seconds,
        keys=[Keys(options.keys)] if options.keys else list(Keys),
        contestants=chosen,
        operations=options.operation or tuple(OPERATIONS),
        pgbench=_chosen("limit: pgbench", options.peers),
    )
    found = _described(plan)
    try:
        for part in [options.only] if options.only else ["table"] if options.quick else PARTS:
            found |= _part(part, plan, options, say)
    except contest.NotAlike as error:
        print(f"Nothing was timed, for these do not answer alike:\n{error}", file=sys.stderr)
        return 1
    say("done")
    print(report.text(found), more_report.text(found), run_report.text(found), client_report.text(found), sep="\n")
    print(workbench.text(found))
    _keep(LATEST, found)
    if options.publish:
        _keep(PUBLISHED, found)
        if "modes" in found:
            PLOT.write_text(plot.svg(found))
    return 0


def _part(part: str, plan: contest.Options, options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """One part of the report, measured."""
    spread_out()
    if part == "table":
        say("starting PostgreSQL and filling it")
        with ground() as prepared:
            return contest.run(prepared, plan, say)
    if part == "scale":
        tables = [scale.SMALL, scale.LARGE, *([scale.HUGE] if options.full else [])]
        return {"scale": scale.run(tables, rounds=min(plan.rounds, 5), seconds=plan.seconds, say=say)}
    if part == "edge":
        return {"edge": edge.run(say), "fairness": fairness.run(say)}
    if part == "clients":
        recorded, with_mlflow = options.runs or client_contest.RECORDED, _chosen(MLFLOW.name, options.peers)
        return {
            "clients": client_contest.run(
                rounds=min(plan.rounds, 3), recorded=recorded, with_mlflow=with_mlflow, say=say
            )
        }
    if part == "runs":
        return _runs(plan, options, say)
    simple: dict[str, Callable[[], Any]] = {
        "many": lambda: many.run(seconds=max(10 * plan.seconds, 3), say=say),
        "footprint": lambda: footprint.run(say),
        "workbench": lambda: workbench.run(say),
    }
    return {part: simple[part]()}


def _runs(plan: contest.Options, options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    chosen = [one for one in run_contest.ALL if _chosen(one.name, options.peers)]
    found: dict[str, Any] = {"runs": run_contest.run(chosen, rounds=plan.rounds, seconds=plan.seconds, say=say)}
    spread_out()
    exported = min(run_bulk.EXPORTED, options.runs or run_bulk.EXPORTED)
    found["run_bulk"] = run_bulk.run(rounds=plan.rounds, seconds=3 * plan.seconds, exported=exported, say=say)
    large = options.runs or (run_growth.LARGE if options.full else run_growth.MIDDLE)
    spread_out()
    found["run_growth"] = run_growth.run(large, rounds=min(plan.rounds, 5), seconds=plan.seconds, say=say)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the table alone, in few short rounds: some two minutes")
    parser.add_argument(
        "--full", action="store_true", help="a table of 10 million simulations and one of a million runs as well"
    )
    parser.add_argument("--only", choices=PARTS, help="one part of the report")
    parser.add_argument("--keys", choices=[keys.value for keys in Keys], help="one policy of checking keys, not both")
    parser.add_argument(
        "--runs",
        type=int,
        help="how many runs the larger table has, in place of 100 000, or a million with --full; or a client records",
    )
    parser.add_argument("--rounds", type=int, help="how many rounds")
    parser.add_argument("--seconds", type=float, help="how long one operation of one contestant takes in a round")
    parser.add_argument(
        "--operation", action="append", choices=list(OPERATIONS), help="this operation alone; repeatable"
    )
    parser.add_argument("--peers", action="append", help="contestants whose name holds this, and Goatfish; repeatable")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmark.json and docs/benchmark.svg")
    return parser


def _chosen(name: str, words: Sequence[str] | None) -> bool:
    return words is None or name == report.SUBJECT or any(word.casefold() in name.casefold() for word in words)


def _described(plan: contest.Options) -> dict[str, Any]:
    return {
        "machine": described(),
        "versions": _versions(),
        "settings": {
            "rows": ROWS,
            "owners": OWNERS,
            "clients": CLIENTS,
            "rounds": plan.rounds,
            "seconds": plan.seconds,
        },
        "served": {one.name: one.served for one in plan.contestants},
        "own_orm": [one.name for one in plan.contestants if one.own_orm],
    }


def _versions() -> dict[str, str]:
    """Of what the peers are made of, in their own environments."""
    found: dict[str, str] = {}
    for programs in (MLFLOW_BIN, PEERS_BIN):
        folders = [str(path) for path in (programs.parent / "lib").glob("python*/site-packages")]
        found |= {each.metadata["Name"].lower().replace("_", "-"): each.version for each in distributions(path=folders)}
    return {name: found[name] for name in TOLD if name in found}


def _keep(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1, sort_keys=False) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
