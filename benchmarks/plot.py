"""The main table as a picture: for each operation a panel of bars, microseconds of server processor time a request."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from benchmarks.operations import OPERATIONS
from benchmarks.report import SUBJECT, TITLES

WIDTH, MARGIN, GAP = 980, 24, 36
LABEL, FIGURES = 158, 92  # space beside the bars for names, and for what they stand for
BAR, STEP, HEAD = 13, 19, 40
TITLE = "Server processor time a request, in microseconds: less is better"
COLOURS = {"subject": "#0f766e", "peer": "#94a3b8", "limit": "#d97706"}
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1e293b } .title { font-weight: 600; font-size: 16px }
.name { text-anchor: end } .panel { font-weight: 600; font-size: 13px } .note { fill: #64748b }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e2e8f0 } .note { fill: #94a3b8 } .ground { fill: #0f172a }
}
"""


def svg(report: Mapping[str, Any]) -> str:
    """Two columns of panels under a heading, for the policy that is the same for all."""
    mode, figures = next(iter(report["modes"].items()))
    panels = [(name, figures[name]) for name in OPERATIONS if name in figures]
    tall = max(len(found) for _, found in panels) * STEP + HEAD
    across = (WIDTH - 2 * MARGIN - GAP) / 2
    height = 84 + (len(panels) + 1) // 2 * tall
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{TITLE}">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="{MARGIN}" y="32">{TITLE}</text>',
        f'<text class="note" x="{MARGIN}" y="54">{escape(_note(report, mode))}</text>',
    ]
    for place, (operation, found) in enumerate(panels):
        x, y = MARGIN + place % 2 * (across + GAP), 84 + place // 2 * tall
        parts += _panel(operation, found, x, y, across)
    return "\n".join([*parts, "</svg>", ""])


def _note(report: Mapping[str, Any], mode: str) -> str:
    settings = report["settings"]
    return (
        f"{TITLES[mode]}. One worker on one core, {settings['rows']:,} rows, median of {settings['rounds']} rounds;"
        f" in brackets, how many times {SUBJECT}'s."
    )


def _panel(operation: str, found: Mapping[str, Any], x: float, y: float, across: float) -> Iterator[str]:
    """One operation: a bar each, from the least to the most."""
    yield f'<text class="panel" x="{x:.0f}" y="{y + 8:.0f}">{operation}</text>'
    values = {name: one["server"]["median"] for name, one in found.items()}
    base = values.get(SUBJECT)
    longest = across - LABEL - FIGURES
    for row, (name, value) in enumerate(sorted(values.items(), key=lambda pair: pair[1])):
        top = y + 18 + row * STEP
        kind = "subject" if name == SUBJECT else "limit" if name.startswith("limit") else "peer"
        size = max(value / max(values.values()) * longest, 1)
        ratio = f" ({value / base:.2f})" if base and name != SUBJECT else ""
        yield f'<text class="name" x="{x + LABEL - 8:.0f}" y="{top + 11:.0f}">{escape(name)}</text>'
        yield f'<rect x="{x + LABEL:.0f}" y="{top:.0f}" width="{size:.1f}" height="{BAR}" fill="{COLOURS[kind]}"/>'
        yield f'<text x="{x + LABEL + size + 6:.0f}" y="{top + 11:.0f}">{value:.0f}{ratio}</text>'
