"""The in-memory adapter supports every kind of field, unique values and references."""

import pytest

from adapters.in_memory.storage import Storage
from tests.contracts.specimens import WITH_SPECIMENS, SpecimensContract


@pytest.fixture
def storage() -> Storage:
    return Storage(WITH_SPECIMENS)


class TestSpecimens(SpecimensContract):
    pass
