"""The main table: all contestants on the same rows, held to the same answers, then measured in rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import measure
from benchmarks.conformance import Subject, violations
from benchmarks.contestants import Contestant, Keys, Running
from benchmarks.field import Ground, started
from benchmarks.goatfish import GOATFISH
from benchmarks.machine import cores, memory, stay_on
from benchmarks.operations import OPERATIONS
from benchmarks.pgbench import Pgbench
from benchmarks.roster import LIMIT, PEERS

ALL: tuple[Contestant, ...] = (GOATFISH, *PEERS, LIMIT)


class NotAlike(RuntimeError):
    """A contestant answers otherwise than the others; nothing was timed."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how much."""

    rounds: int
    seconds: float
    keys: Sequence[Keys]
    contestants: Sequence[Contestant]
    operations: Sequence[str] = tuple(OPERATIONS)
    pgbench: bool = True


def run(ground: Ground, options: Options, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures by policy, operation and contestant, and what each holds of memory afterwards. Raises ``NotAlike``."""
    entries = [
        (one, keys) for one in options.contestants for keys in measure.policies(one) if _wanted(one, keys, options)
    ]
    say(f"starting {len(entries)} servers")
    with started(ground, entries) as running:
        say("checking that all give the same answers")
        deep = examine(ground, running)
        say("preparing the requests")
        entrants: dict[tuple[str, Keys], measure.Entrant] = {}
        for one, place in zip(running, deep, strict=True):
            served = measure.prepared(one, ground.clients, ground.large, place, ground.postmaster)
            entrants[served.name, one.place.keys] = served
        if options.pgbench:
            rows = ground.copy("bench_pgbench")
            for keys in options.keys:
                bench = Pgbench(ground, rows, keys)
                entrants[bench.name, keys] = bench
        stay_on(cores()[1])
        return {
            "modes": _measured(entrants, options, say),
            "memory": {f"{one.contestant.name} ({one.place.keys})": memory(one.pid) for one in running},
        }


def _wanted(one: Contestant, keys: Keys, options: Options) -> bool:
    return keys in options.keys or one.ships_lookup


def examine(ground: Ground, running: Sequence[Running]) -> list[str]:
    """What leads to the deep page of each; raises ``NotAlike`` unless all give the answers that Goatfish gives."""
    expected: dict[str, Any] = {}
    wrong, deep = [], []
    for one in running:
        pair = (ground.clients[0], ground.clients[1])
        subject = Subject(one.port, one.contestant.dialect, pair, ground.large, expected)
        wrong += [f"{one.contestant.name} ({one.place.keys}): {fault}" for fault in violations(subject)]
        deep.append(subject.deep)
    if wrong:
        raise NotAlike("\n".join(wrong))
    return deep


def _measured(
    entrants: dict[tuple[str, Keys], measure.Entrant], options: Options, say: Callable[[str], None]
) -> dict[str, Any]:
    """Both policies in the same rounds; who ships with a lookup was measured once, and stands in both tables."""
    by_label = {f"{name}|{keys}": entrant for (name, keys), entrant in entrants.items()}
    labelled = [_Labelled(entrant, label) for label, entrant in by_label.items()]
    figures = measure.run(
        labelled, times=options.rounds, seconds=options.seconds, operations=options.operations, say=say
    )
    names = list(dict.fromkeys(name for name, _ in entrants))
    modes: dict[str, Any] = {}
    for keys in options.keys:
        for operation in options.operations:
            table = modes.setdefault(keys.value, {}).setdefault(operation, {})
            for name in names:
                found = figures[operation].get(f"{name}|{keys}") or figures[operation].get(f"{name}|{Keys.LOOKUP}")
                if found is not None:
                    table[name] = found
    return modes


class _Labelled:
    """An entrant under a name that says its policy too."""

    def __init__(self, entrant: measure.Entrant, name: str) -> None:
        self._entrant, self.name = entrant, name
        self.database = entrant.database
        self.does = entrant.does
        self.sample = entrant.sample
