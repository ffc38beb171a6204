"""Which pages are measured: those that might have more than about two megabytes."""

from math import inf

from domain.access.api_key import ApiKey
from domain.page_size import UNMEASURED_MAX, largest, may_be_large
from domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from domain.runs.run import Run
from domain.simulations.simulation import Simulation


def test_a_run_may_be_of_any_size() -> None:
    assert largest(Run) == inf
    assert may_be_large(2, largest(Run))
    assert not may_be_large(1, largest(Run)), "one object is a page, whatever its size"


def test_a_simulation_is_bounded_by_the_lengths_of_its_texts() -> None:
    assert 4 * (300 + 4000 + 32 * (63 + 255)) < largest(Simulation) < UNMEASURED_MAX / LIMIT_DEFAULT
    assert not may_be_large(LIMIT_DEFAULT, largest(Simulation))
    assert may_be_large(LIMIT_MAX, largest(Simulation))


def test_keys_are_small() -> None:
    assert not may_be_large(LIMIT_MAX, largest(ApiKey))
