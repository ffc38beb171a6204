"""What all tests share: one backend of anyio, one deterministic profile of Hypothesis, and a watch on every secret."""

import logging
import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from domain.access.token import ApiKeyToken
from tests.canary import CANARY, WatchedLog

pytest.register_assert_rewrite("tests.contracts")

# The same examples in every run: a red build must be red for everyone.
settings.register_profile(
    "goatfish", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("goatfish")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def watched_log() -> Iterator[WatchedLog]:
    """Every key that is made from now on is known as a secret, as is the settings' key; the log is watched for them."""
    make = ApiKeyToken.new

    def new(random_bytes: Callable[[int], bytes]) -> ApiKeyToken:
        text = make(random_bytes)
        CANARY.knows(text)
        return text

    if secret_key := os.environ.get("GOATFISH_SECRET_KEY"):
        CANARY.knows_word(secret_key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ApiKeyToken, "new", new)
        yield WatchedLog(CANARY)


@pytest.fixture(autouse=True)
def no_secret_gets_out(watched_log: WatchedLog) -> Iterator[None]:
    """Fails whatever test lets a secret into the log, or into an answer of the HTTP contract's service."""
    logging.getLogger().addHandler(watched_log)  # Django's configuration of the log may have taken it away
    yield
    found, CANARY.found = CANARY.found, []
    assert found == []
