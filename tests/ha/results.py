"""What became of the writes of a test, as counts and as a line of the table in docs/reliability.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.ha.cluster import WAYS, Cluster
from tests.ha.writers import Writers

HEADING = (
    f"| what happens | other leader, s | {' | '.join(f'gap by {way}, s' for way in WAYS)} | acknowledged | lost | twice"
    " | refused | slowest answer, s |"
)
TABLE: list[str] = []
"""The lines so far."""


@dataclass(frozen=True)
class Kept:
    """How many acknowledged simulations the database does not have, and how many there are twice."""

    lost: int
    twice: int


def compare(name: str, cluster: Cluster, writers: Writers, began: float, elected: float) -> Kept:
    """Compares what was acknowledged with what the leader has, and adds a line to the table."""
    stored = cluster.fetch(f"SELECT name, id::text FROM simulation WHERE name LIKE '{name}, %'")
    heard = writers.heard.values()
    acknowledged = {(each.name, each.id) for one in heard for each in one.acknowledged}
    times = Counter(name for name, _ in stored)
    kept = Kept(lost=len(acknowledged - {*stored}), twice=sum(number > 1 for number in times.values()))
    columns = [
        name,
        f"{elected - began:.1f}",
        *(f"{writers.heard[way].gap(began):.1f}" for way in WAYS),
        len(acknowledged),
        kept.lost,
        kept.twice,
        sum(one.refused for one in heard),
        f"{max(one.slowest for one in heard):.1f}",
    ]
    TABLE.append(f"| {' | '.join(map(str, columns))} |")
    return kept
