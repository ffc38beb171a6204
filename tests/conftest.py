"""Settings of all tests: the anyio backend, a deterministic Hypothesis profile, and a check for leaked secrets."""

import gc
import logging
import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from domain.access.token import ApiKeyToken
from tests.canary import CANARY, CLIENTS, WatchedLog

pytest.register_assert_rewrite("tests.contracts")

# The same examples in every run, so that failures are reproducible.
settings.register_profile(
    "goatfish", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("goatfish")


def pytest_collection_finish() -> None:
    """Takes modules and collected tests from the collector, which would look through all of them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)  # as in service


def pytest_sessionfinish() -> None:
    """Collects what tests left, and reports what fails in it; pytest would look through all its reports five times."""
    gc.collect()
    gc.collect()  # what finalizers of the first left
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of the service; another takes tests of storage half as long again."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def watched_log() -> Iterator[WatchedLog]:
    """Registers every new key and the key of the settings as secrets, and watches the log for them."""
    make = ApiKeyToken.new

    def new(random_bytes: Callable[[int], bytes]) -> ApiKeyToken:
        text = make(random_bytes)
        CANARY.knows(text)
        return text

    for name in (*CLIENTS, "factory", "faker"):
        logging.getLogger(name).setLevel(logging.WARNING)  # lines for each request that is sent and each value made
    if secret_key := os.environ.get("GOATFISH_SECRET_KEY"):
        CANARY.knows_word(secret_key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ApiKeyToken, "new", new)
        yield WatchedLog(CANARY)


@pytest.fixture(autouse=True)
def no_secret_gets_out(watched_log: WatchedLog) -> Iterator[None]:
    """Fails every test that leaks a secret into the log or into a response of the HTTP contract's service."""
    logging.getLogger().addHandler(watched_log)  # Django's logging configuration may have removed it
    yield
    found, CANARY.found = CANARY.found, []
    assert found == []
