"""The in-memory adapter behaves like a dictionary, for random operations of three owners."""

from adapters.in_memory.storage import Storage
from tests.contracts import stateful


def test_random_operations_of_three_owners_match_a_dictionary() -> None:
    stateful.check(Storage, examples=10, steps=20)
