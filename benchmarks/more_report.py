"""The rest of the report as text: what grows, many connections, start-up and memory."""

from collections.abc import Mapping
from typing import Any

from benchmarks import edge, fairness, scale
from benchmarks.report import columns
from benchmarks.spread import figure, ratios


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
    """What grows, and the rows a second of filling and exporting."""
    parts = ["\n══ What grows ══"]
    for operation, figures in found["operations"].items():
        wanted = None if operation in scale.GROWS else scale.WITHIN
        table = growth_table("owner's simulations, of all", figures, wanted)
        parts.append(f"\n{operation}: {scale.OPERATIONS[operation]}\n{table}")
    rows = [["rows a second", ""], *([name, f"{speed:,.0f}"] for name, speed in found["filling"].items())]
    parts.append(f"\n{columns(rows)}")
    return "\n".join(parts)


def growth_table(heading: str, figures: Mapping[str, Any], wanted: float | None) -> str:
    """Processor time of server and database together, and how many times that of the first, round by round."""
    rows = [[heading, "server µs", "database µs", "both", "ratio", "p50 ms", ""]]
    base: dict[str, Any] = {}
    for name, one in figures.items():
        both = figure([sum(pair) for pair in zip(one["server"]["rounds"], one["database"]["rounds"], strict=True)])
        base = base or both
        ratio = ratios(both, base)
        verdict = "grows" if wanted is None else "" if both is base else ratio.at_most(wanted)
        rows.append([name, *(f"{value['median']:.0f}" for value in (one["server"], one["database"], both))])
        rows[-1] += [str(ratio), f"{one['p50']['median'] / 1000:.1f}", verdict]
    return columns(rows)


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
