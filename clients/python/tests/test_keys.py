"""API keys are made, rolled and revoked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from clients.python.tests.conftest import Service

import goatfish


def test_a_key_is_made_rolled_and_revoked(client: goatfish.Client, service: Service, unique: str) -> None:
    tomorrow = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
    made = client.keys.create(unique, ["runs:read"], expires_at=tomorrow)
    assert (made.name, made.scopes, made.expires_at) == (unique, ("runs:read",), tomorrow)
    assert made.key is not None
    assert made.key not in repr(made)
    assert made.key not in repr(made.response)
    with service.client(made.key) as other:
        assert other.me().key.id == made.id
        with pytest.raises(goatfish.MissingScope):
            other.simulations.list().first()
    shown = client.keys.get(made)
    assert (shown.key, shown.id) == (None, made.id)
    assert made.id in [key.id for key in client.keys.list(limit=100)]
    rolled = client.keys.roll(made, overlap_seconds=0)
    assert rolled.key not in {None, made.key}
    with pytest.raises(goatfish.KeyEnded):
        client.keys.roll(made)
    client.keys.revoke(rolled)
    client.keys.revoke(rolled.id)
    assert client.keys.get(rolled).revoked_at is not None
    with pytest.raises(goatfish.KeyInUse):
        client.keys.revoke(client.me().key)


def test_a_key_that_was_made_before_comes_without_its_secret(client: goatfish.Client, unique: str) -> None:
    once = unique.replace(" ", "-")
    made = client.keys.create(unique, ["runs:read"], idempotency_key=once)
    again = client.keys.create(unique, ["runs:read"], idempotency_key=once)
    assert (again.id, again.key) == (made.id, None)
    client.keys.revoke(made)
