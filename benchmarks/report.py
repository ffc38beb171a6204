"""The figures as text: a table for each operation, then the ratios at a glance and whether the targets are met."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.operations import OPERATIONS
from benchmarks.spread import Spread, ratios

SUBJECT = "Goatfish"
BARE = "limit: bare ASGI"
FASTER, OF_LIMIT = 2.5, 0.6
LIMITED = ("get", "list", "create")
TITLES = {
    "lookup": "Every request looks its key up in the database",
    "shipped": "Keys are checked as each ships",
}
Figures = Mapping[str, Mapping[str, Any]]


def text(report: Mapping[str, Any]) -> str:
    """The whole report."""
    parts = [heading(report)]
    own_orm = report["own_orm"]
    for mode, figures in report.get("modes", {}).items():
        parts.append(f"\n══ {TITLES[mode]} ══")
        parts += [operation_table(name, figures[name], OPERATIONS[name]) for name in OPERATIONS if name in figures]
        parts += [summary(figures), targets_text(targets(figures, own_orm))]
    return "\n".join(parts)


def heading(report: Mapping[str, Any]) -> str:
    machine, settings = report["machine"], report["settings"]
    told = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
    if "modes" not in report:
        return told
    lines = [
        told,
        f"{settings['rows']} rows, {settings['owners']} owners; {settings['clients']} connections;"
        f" {settings['rounds']} rounds of {settings['seconds']} s",
        ", ".join(f"{name} {version}" for name, version in report["versions"].items()),
    ]
    lines += [f"  {name:<24}{served}" for name, served in report["served"].items()]
    return "\n".join(lines)


def operation_table(operation: str, found: Figures, meaning: str) -> str:
    """One operation: processor time of server and database in microseconds a request, and requests a second."""
    rows = [["", "server µs", "min-max", "ratio", "database µs", "ratio", "requests/s", "min-max", "ratio", "p99 ms"]]
    base = found.get(SUBJECT)
    for name, figures in found.items():
        server, database, speed = figures["server"], figures["database"], figures["per_second"]
        rows.append(
            [
                name,
                f"{server['median']:.0f}",
                f"{server['min']:.0f}-{server['max']:.0f}",
                ratio(server, base and base["server"]),
                f"{database['median']:.0f}",
                ratio(database, base and base["database"]),
                f"{speed['median']:.0f}",
                f"{speed['min']:.0f}-{speed['max']:.0f}",
                ratio(speed, base and base["per_second"]),
                f"{figures['p99']['median'] / 1000:.1f}",
            ]
        )
    return f"\n{operation}: {meaning}\n{columns(rows)}"


def ratio(mine: Mapping[str, Any], base: Mapping[str, Any] | None) -> str:
    return f"{ratios(mine, base).median:.2f}" if base else "-"


def summary(figures: Mapping[str, Figures]) -> str:
    """Server processor time a request, as how many times Goatfish's."""
    operations = [name for name in OPERATIONS if name in figures]
    names = list(dict.fromkeys(name for operation in operations for name in figures[operation]))
    rows = [["", *operations]]
    for name in names:
        row = [name]
        for operation in operations:
            mine, base = figures[operation].get(name), figures[operation].get(SUBJECT)
            row.append(str(ratios(mine["server"], base["server"])) if mine and base else "-")
        rows.append(row)
    told = f"server µs a request, as how many times {SUBJECT}'s: the median of the rounds, and their middle half"
    return f"\n{told}\n{columns(rows)}"


def targets(figures: Mapping[str, Figures], own_orm: Sequence[str]) -> list[dict[str, Any]]:
    """What is aimed at and what is reached in server processor time a request, round by round."""
    found = []
    for operation, by_name in figures.items():
        if SUBJECT not in by_name:
            continue
        reached = {name: ratios(one["server"], by_name[SUBJECT]["server"]) for name, one in by_name.items()}
        peers = [name for name in own_orm if name in reached]
        if peers:
            fastest = min(peers, key=lambda name: reached[name].median)
            found.append(_target(operation, f"the fastest peer, {fastest}", reached[fastest], FASTER))
        if operation in LIMITED and BARE in reached:
            found.append(_target(operation, BARE, reached[BARE], OF_LIMIT))
    return found


def _target(operation: str, against: str, reached: Spread, wanted: float) -> dict[str, Any]:
    return {
        "operation": operation,
        "against": against,
        "reached": reached,
        "wanted": f"at least {wanted}",
        "verdict": reached.at_least(wanted),
    }


def targets_text(found: Iterable[Mapping[str, Any]], what: str = "server µs a request") -> str:
    rows = [["", "against", "reached", "wanted", ""]]
    rows += [[str(one[name]) for name in ("operation", "against", "reached", "wanted", "verdict")] for one in found]
    return f"\ntargets, by {what}\n{columns(rows)}"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text: the first column to the left, all others to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
