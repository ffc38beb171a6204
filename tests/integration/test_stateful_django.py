"""The Django adapter answers as a plain dictionary would, whatever three owners do."""

from tests.contracts import stateful
from tests.integration.conftest import MakeStorage


def test_three_owners_are_answered_as_by_a_dictionary(make_storage: MakeStorage) -> None:
    stateful.check(make_storage, examples=6, steps=20)
