"""What every owned repository promises, for every entity: the sentences of ``domain.repository`` as tests."""

from tests.contracts.owned_lists import OwnedListsContract
from tests.contracts.owned_reading import OwnedReadingContract
from tests.contracts.owned_simulations import OwnedSimulationsContract
from tests.contracts.owned_writing import OwnedWritingContract


class OwnedRepositoryContract(OwnedReadingContract, OwnedWritingContract, OwnedListsContract, OwnedSimulationsContract):
    """Inherit from it and give a fixture ``storage``."""
