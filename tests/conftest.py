"""What all tests share: one backend of anyio, and one deterministic profile of Hypothesis."""

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.contracts")

# The same examples in every run: a red build must be red for everyone.
settings.register_profile(
    "goatfish", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("goatfish")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
