"""Random operations of three owners: the Django adapter returns the same as a dictionary."""

from tests.contracts import stateful
from tests.integration.conftest import MakeStorage


def test_the_storage_behaves_like_a_dictionary(make_storage: MakeStorage) -> None:
    stateful.check(make_storage, examples=6, steps=20)
