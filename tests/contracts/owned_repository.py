"""The contract of every repository of owned entities, as documented in ``domain.repository``."""

from tests.contracts.owned_batches import OwnedBatchesContract
from tests.contracts.owned_lists import OwnedListsContract
from tests.contracts.owned_reading import OwnedReadingContract
from tests.contracts.owned_simulations import OwnedSimulationsContract
from tests.contracts.owned_writing import OwnedWritingContract


class OwnedRepositoryContract(
    OwnedReadingContract, OwnedWritingContract, OwnedBatchesContract, OwnedListsContract, OwnedSimulationsContract
):
    """Subclass and provide a ``storage`` fixture."""
