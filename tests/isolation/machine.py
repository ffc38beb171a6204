"""Runs the machine of the three owners on a service, and says how much it has asked."""

import time
from collections import Counter
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test

from tests.contracts.document import OPERATIONS
from tests.isolation.byte_client import Wire
from tests.isolation.foreign_rules import ForeignRules
from tests.isolation.service import Operators
from tests.isolation.tenants import Leaked


@dataclass(frozen=True)
class Figures:
    """How much was done: steps, requests by operation, those with an answer foretold, and foreign ones."""

    steps: int
    asked: Counter[str]
    foretold: Counter[str]
    foreign: Counter[str]
    seconds: float

    def __str__(self) -> str:
        operations = f"{len(self.foretold)} of {len(OPERATIONS)} operations"
        return (
            f"isolation: three owners, {self.steps} steps, {self.asked.total()} requests of {operations}, "
            f"{sum(self.foreign.values())} of them foreign and answered as unknown, {self.seconds:.0f} s"
        )


STARTS_MAX = 5
"""Times that a run is begun anew."""


def look(url: str, operator_url: str, *, examples: int, steps: int, start: int) -> Figures:
    """Has three new owners do ``steps`` things, ``examples`` times; ``start`` makes it repeatable.

    Raises ``Leaked`` where anything of one owner's is answered to another, ``AssertionError`` where an answer is not
    the one foretold.
    """
    began = time.monotonic()
    Leaked.seen.clear()
    wire_, counts, known, twins = Wire(url), Counter[str](), Counter[str](), Counter[str]()
    # What fails is told as it is found; to make it smaller takes minutes.
    phases = (Phase.explicit, Phase.generate)
    options = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=phases,
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    with Operators(operator_url) as admitting:

        class ThreeOwners(ForeignRules):
            wire, operators, steps, foretold, foreign = wire_, admitting, counts, known, twins

        try:
            for again in range(STARTS_MAX):
                try:
                    run_state_machine_as_test(seed(start + 1000 * again)(ThreeOwners), settings=options)
                    break
                except FlakyStrategyDefinition:
                    # Two sequences that began alike went on differently, as a clock and ids of the server's have it.
                    if Leaked.seen:
                        raise Leaked.seen[0] from None
                    if again == STARTS_MAX - 1:
                        raise
        finally:
            wire_.close()
    return Figures(counts["steps"], wire_.asked, +known, twins, time.monotonic() - began)


def is_complete(figures: Figures) -> None:
    """Says that nothing of the document was left out.

    Every operation has a rule that foretells its answer, every path with an id and every cursor was tried by others.
    """
    said = OPERATIONS.values()
    unforetold = {operation.id for operation in said} - set(figures.foretold)
    assert not unforetold, f"no rule of tests/isolation foretells what is answered to {sorted(unforetold)}"
    naming = {operation.id for operation in said if operation.names_an_object}
    places = {f"{operation.id} {operation.place}" for operation in said if operation.place}
    assert naming | places <= set(figures.foreign)
