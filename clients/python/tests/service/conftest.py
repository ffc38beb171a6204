"""The fake service beside the real one, each with two owners of its own for these tests alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clients.python.tests.owners import owners_with_keys
from clients.python.tests.service.pair import Pair, Side
from tests.running_service import Live

from goatfish.http.library import httpx
from goatfish.testing import FakeService


@pytest.fixture(scope="session")
def pair(listening: tuple[Live, str]) -> Iterator[Pair]:
    """Both services, with nothing in them."""
    live, _ = listening
    names = {"first": "alike", "second": "alike too"}
    made = owners_with_keys(live, *names.values())
    keys = {saved: made[name] for saved, name in names.items()}
    service = FakeService()
    fake_keys = {saved: service.add_owner(name).key for saved, name in names.items()}
    with (
        httpx.Client(base_url=service.url, transport=service.transport) as fake,
        httpx.Client(base_url=live.url) as real,
    ):
        yield Pair(Side(fake, fake_keys), Side(real, keys))
