"""The in-memory adapter keeps what the ports promise."""

import pytest

from adapters.in_memory.storage import Storage
from tests.contracts.outcomes import OnceContract, OutcomesContract
from tests.contracts.owned_repository import OwnedRepositoryContract
from tests.contracts.owner_directory import OwnerDirectoryContract


@pytest.fixture
def storage() -> Storage:
    return Storage()


class TestOwnedRepository(OwnedRepositoryContract):
    pass


class TestOwnerDirectory(OwnerDirectoryContract):
    pass


class TestOutcomes(OutcomesContract):
    pass


class TestOnce(OnceContract):
    pass
