"""The rest of the report as text: what grows, many connections, start-up and memory."""

from collections.abc import Mapping
from typing import Any

from benchmarks import edge, fairness, scale
from benchmarks.report import columns


def text(report: Mapping[str, Any]) -> str:
    """Whatever of it has been measured."""
    parts = []
    if "scale" in report:
        parts.append(scale_text(report["scale"]))
    if "many" in report:
        parts.append(many_text(report["many"]))
    if "footprint" in report:
        parts.append(footprint_text(report["footprint"]))
    if "memory" in report:
        rows = [["memory after the rounds, MiB", "resident", "proportional"]]
        rows += [[name, f"{size['rss']:.0f}", f"{size['pss']:.0f}"] for name, size in report["memory"].items()]
        parts.append(f"\n{columns(rows)}")
    if "edge" in report:
        parts.append(f"\n══ The edge ══\n\n{edge.text(report['edge'])}\n\n{fairness.text(report['fairness'])}")
    return "\n".join(parts)


def scale_text(found: Mapping[str, Any]) -> str:
    """Processor time of server and database together, and how many times that of the smallest owner and table."""
    parts = ["\n══ What grows ══"]
    for operation, figures in found["operations"].items():
        rows = [["owner's simulations, of all", "server µs", "database µs", "both", "ratio", "p50 ms", ""]]
        base = 0.0
        for name, one in figures.items():
            server, database = one["server"]["median"], one["database"]["median"]
            base = base or server + database
            ratio = (server + database) / base
            verdict = "grows" if operation in scale.GROWS else "" if ratio <= scale.WITHIN else "TOO MUCH"
            latency = f"{one['p50']['median'] / 1000:.1f}"
            rows.append([name, *(f"{value:.0f}" for value in (server, database, server + database))])
            rows[-1] += [f"{ratio:.2f}", latency, verdict]
        parts.append(f"\n{operation}: {scale.OPERATIONS[operation]}\n{columns(rows)}")
    rows = [["rows a second", ""], *([name, f"{speed:,.0f}"] for name, speed in found["filling"].items())]
    parts.append(f"\n{columns(rows)}")
    return "\n".join(parts)


def many_text(found: Mapping[str, Any]) -> str:
    rows = [["", "requests/s", "p50 ms", "p99 ms", "statuses"]]
    for label, parts in found.items():
        for who, one in parts.items():
            statuses = ", ".join(f"{count} of {status}" for status, count in one["statuses"].items())
            rows.append([f"{label}: {who}", f"{one['per_second']:.0f}"])
            rows[-1] += [f"{one['p50_ms']:.1f}", f"{one['p99_ms']:.1f}", statuses]
    return f"\n══ A thousand connections on a pool of ten ══\n\n{columns(rows)}"


def footprint_text(found: Mapping[str, Any]) -> str:
    rows = [["seconds", "median", "min-max"]]
    for name in ("start, cold", "start, warm", "import"):
        one = found[name]
        rows.append([name, f"{one['median']:.2f}", f"{one['min']:.2f}-{one['max']:.2f}"])
    size = found["memory"]
    told = f"one worker: {size['rss']:.0f} MiB resident, {size['pss']:.0f} MiB proportional"
    return f"\n══ Start-up and memory ══\n\n{columns(rows)}\n{told}"
