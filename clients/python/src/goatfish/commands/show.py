"""``gf show``: everything about a run or a simulation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from goatfish.commands.cells import fit, width_of
from goatfish.commands.changes import change_text
from goatfish.commands.documents import write_json
from goatfish.commands.exits import FINE
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.lookup import object_of
from goatfish.commands.output import Terminal, write
from goatfish.commands.run_columns import STATUS_STYLES
from goatfish.commands.session import open_client
from goatfish.commands.showing import NOTHING, TO_THE_SECOND, duration_text, moment_text, quantity_text, value_text
from goatfish.commands.table import Column, lines_of

if TYPE_CHECKING:
    from goatfish import Client, Run, RunsSummary, Simulation

REFERENCE = "an id, the beginning of one of the newest, an external id, a simulation's name, last, or last~1 …"
INDENT = "  "


def add(subparsers: Subparsers) -> None:
    """Add ``gf show``."""
    parser = subparsers.add_parser("show", help="show everything about a run or a simulation")
    parser.add_argument("reference", type=text, metavar="RUN|SIMULATION", help=REFERENCE)
    parser.add_argument("--history", action="store_true", help="also who changed what and when")
    parser.add_argument("--json", action="store_true", help="one JSON object; with --history then one a version")


def execute(arguments: argparse.Namespace) -> int:
    """Show it."""
    from goatfish import Run

    with open_client(arguments) as client:
        found = object_of(client, arguments.reference)
        if arguments.json:
            write_json([found.to_dict()])
            if arguments.history:
                write_json(each.to_dict() for each in revisions_of(client, found))
            return FINE
        terminal = Terminal.of(sys.stdout)
        lines = (
            run_lines(client, found, terminal) if isinstance(found, Run) else simulation_lines(client, found, terminal)
        )
        write_lines(lines)
        if arguments.history:
            write_lines(section("history", history_lines(revisions_of(client, found), terminal), terminal))
    return FINE


def write_lines(lines: Iterable[str]) -> None:
    """Write these lines."""
    for line in lines:
        write(line + "\n")


def revisions_of(client: Client, found: Run | Simulation) -> Iterable[Any]:
    """The versions of the object, the latest first."""
    from goatfish import Run

    return client.runs.revisions(found.id) if isinstance(found, Run) else client.simulations.revisions(found.id)


def run_lines(client: Client, run: Run, terminal: Terminal) -> Iterator[str]:
    """Everything about a run."""
    json = run.to_dict()
    status = str(json.get("status"))
    yield terminal.paint(f"run {terminal.printable(run.id)}", "bold")
    shown = {
        **{name: value for name, value in json.items() if not isinstance(value, (dict, list))},
        "took": duration_text(json.get("started_at"), json.get("finished_at")),
        "simulation_id": f"{run.simulation_id} {name_of_simulation(client, run.simulation_id)}".strip(),
    }
    yield from plain_lines(shown, terminal, {"status": STATUS_STYLES.get(status, "")})
    for of in ("parameters", "results"):
        texts = {name: quantity_text(value) for name, value in sorted((json.get(of) or {}).items())}
        yield from section(of, pairs(texts, terminal), terminal)
    yield from section("labels", pairs(dict(sorted((json.get("labels") or {}).items())), terminal), terminal)
    yield from section("artifacts", artifact_lines(json.get("artifacts") or [], terminal), terminal)
    yield from others(json, ("parameters", "results", "labels", "artifacts"), terminal)


def simulation_lines(client: Client, simulation: Simulation, terminal: Terminal) -> Iterator[str]:
    """Everything about a simulation, and its runs in numbers."""
    json = simulation.to_dict()
    yield terminal.paint(f"simulation {terminal.printable(simulation.id)}", "bold")
    yield from plain_lines({k: v for k, v in json.items() if not isinstance(v, (dict, list))}, terminal, {})
    yield from section("labels", pairs(dict(sorted((json.get("labels") or {}).items())), terminal), terminal)
    yield from others(json, ("labels",), terminal)
    summary = summary_of(client, simulation)
    if summary is not None:
        counts = {"all": str(summary.runs), **{name: str(count) for name, count in summary.by_status.items() if count}}
        yield from section("runs", pairs(counts, terminal), terminal)
        yield from section("results", result_lines(summary, terminal), terminal)


def plain_lines(members: Mapping[str, Any], terminal: Terminal, styles: Mapping[str, str]) -> Iterator[str]:
    """Plain members, but for the id and what is null."""
    shown = {name: value for name, value in members.items() if name != "id" and value not in {None, NOTHING}}
    texts = {
        name: moment_shown(value, terminal) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in shown.items()
    }
    yield from pairs(texts, terminal, styles, indent="")


def pairs(
    texts: Mapping[str, Any], terminal: Terminal, styles: Mapping[str, str] | None = None, indent: str = INDENT
) -> Iterator[str]:
    """A line for each name and text; more for texts of several lines."""
    names = {name: terminal.printable(name) for name in texts}
    widest = max(map(width_of, names.values()), default=0)
    for name, value in texts.items():
        lines = (value if isinstance(value, str) else value_text(value)).splitlines() or [""]
        for at, line in enumerate(lines):
            shown = terminal.paint(terminal.printable(line), (styles or {}).get(name))
            yield f"{indent}{fit('' if at else names[name], widest)}  {shown}".rstrip()


def section(title: str, lines: Iterable[str], terminal: Terminal) -> Iterator[str]:
    """The lines under their title; nothing where there are none."""
    first = True
    for line in lines:
        if first:
            yield ""
            yield terminal.paint(title, "bold")
            first = False
        yield line


def others(json: Mapping[str, Any], known: Sequence[str], terminal: Terminal) -> Iterator[str]:
    """Members of a newer service that this command does not know how to show."""
    for name, value in json.items():
        if name not in known and isinstance(value, (dict, list)) and value:
            texts = value if isinstance(value, dict) else {str(at): each for at, each in enumerate(value)}
            yield from section(
                terminal.printable(name), pairs({k: str(v) for k, v in texts.items()}, terminal), terminal
            )


def artifact_lines(artifacts: Sequence[Mapping[str, Any]], terminal: Terminal) -> Iterator[str]:
    """Links to files."""
    names = [terminal.printable(str(each.get("name"))) for each in artifacts]
    widest = max(map(width_of, names), default=0)
    for name, each in zip(names, artifacts):
        size = f"{each['bytes']:,} bytes" if isinstance(each.get("bytes"), int) else None
        sha = f"sha256 {each['sha256']}" if each.get("sha256") else None
        about = [str(part) for part in (each.get("uri"), each.get("media_type"), size, sha) if part]
        yield f"{INDENT}{fit(name, widest)}  {terminal.printable(', '.join(about))}"


def result_lines(summary: RunsSummary, terminal: Terminal) -> Iterator[str]:
    """The least, mean and greatest of each result, as a table."""
    results = [(name, each.to_dict()) for name, each in sorted(summary.results.items())]
    if not results:
        return
    columns = [Column("", [INDENT.join(["", name]) for name, _ in results], least=8)]
    columns += [
        Column(title, [value_text(each.get(title), exact=terminal.is_exact) for _, each in results], right=True)
        for title in ("count", "min", "mean", "max")
    ]
    columns.append(Column("unit", [str(each.get("unit") or "") for _, each in results], 2))
    yield from lines_of(columns, terminal)


def history_lines(revisions: Iterable[Any], terminal: Terminal) -> Iterator[str]:
    """A line for each version."""
    for each in revisions:
        json = each.to_dict()
        at = moment_shown(json.get("at"), terminal)
        yield INDENT + terminal.printable(
            f"{json.get('version')}  {at}  {json.get('actor')}  {change_text(json, terminal)}"
        )


def moment_shown(iso: str | None, terminal: Terminal) -> str:
    """The moment, to the second of local time where it is not exact."""
    return moment_text(iso, exact=terminal.is_exact, form=TO_THE_SECOND)


def name_of_simulation(client: Client, id: str) -> str:
    """The name of the run's simulation; nothing where it is not to be had."""
    from goatfish import errors

    try:
        return client.simulations.get(id).name
    except errors.APIError:
        return ""


def summary_of(client: Client, simulation: Simulation) -> RunsSummary | None:
    """The runs of the simulation in numbers; None where the key does not reach them, or where they are too many."""
    from goatfish import errors

    try:
        return client.simulations.summary(simulation.id)
    except (errors.PermissionDenied, errors.Conflict):
        return None
