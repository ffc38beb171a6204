"""The HTTP contract for every storage: run in memory and on each database."""

from tests.contracts.http_access import AccessContract
from tests.contracts.http_all_errors import AllErrorsContract
from tests.contracts.http_keys import KeysContract
from tests.contracts.http_refusals import RefusalsContract
from tests.contracts.http_resources import ResourcesContract
from tests.contracts.http_service import (
    CONTEXT,
    HOUR,
    KEYS,
    SECRET_BEFORE,
    STAMP,
    Clock,
    Service,
    Tenant,
    expect_problem,
    serving,
    violations,
)
from tests.contracts.http_simulations import SIMULATIONS, UNKNOWN, WING, SimulationsContract
from tests.contracts.http_validation import ValidationContract

__all__ = [
    "CONTEXT",
    "HOUR",
    "KEYS",
    "SECRET_BEFORE",
    "SIMULATIONS",
    "STAMP",
    "UNKNOWN",
    "WING",
    "Clock",
    "HttpContract",
    "Service",
    "Tenant",
    "expect_problem",
    "serving",
    "violations",
]


class HttpContract(
    ResourcesContract,
    ValidationContract,
    AllErrorsContract,
    SimulationsContract,
    AccessContract,
    KeysContract,
    RefusalsContract,
):
    """The basic contracts; the others have test classes of their own."""
