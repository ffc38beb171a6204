"""Entities for tests, valid unless a test says otherwise."""

# mypy: allow-untyped-calls
# factory_boy's declarations have no annotations.

import os
from datetime import UTC, date, datetime

from factory.base import Factory
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence
from uuid_utils.compat import uuid7

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.quantities import Quantity
from domain.repository import OwnerId
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.simulations.simulation import Simulation
from domain.webhooks.delivery import Delivery, DeliveryCause
from domain.webhooks.webhook import KINDS, Webhook
from domain.write_context import WriteContext

NOW = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
CONTEXT = WriteContext(actor="operator:tests", request_id="request-1", at=NOW)


def new_owner_id() -> OwnerId:
    return OwnerId(uuid7())


class OwnerFactory(Factory[Owner]):
    """An active owner with a unique name."""

    class Meta:
        model = Owner

    id = LazyFunction(new_owner_id)
    name = LazyAttribute(lambda owner: f"Owner {owner.id}")
    created_at = NOW


class SimulationFactory(Factory[Simulation]):
    """A simulation of a new owner."""

    class Meta:
        model = Simulation

    id = LazyFunction(uuid7)
    owner_id = LazyFunction(new_owner_id)
    name = Sequence(lambda n: f"Wing flutter, run {n}")
    start_date = date(2026, 1, 5)
    end_date = date(2026, 2, 1)
    created_at = NOW
    updated_at = SelfAttribute("created_at")


class RunFactory(Factory[Run]):
    """A run of a new owner that has succeeded, so that its times may be changed."""

    class Meta:
        model = Run

    id = LazyFunction(uuid7)
    owner_id = LazyFunction(new_owner_id)
    simulation_id = LazyFunction(uuid7)
    name = Sequence(lambda n: f"mesh {n}")
    status = RunStatus.SUCCEEDED
    started_at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    finished_at = datetime(2026, 1, 6, 8, tzinfo=UTC)
    parameters = LazyFunction(lambda: {"alpha": Quantity(12, "deg"), "model": Quantity("k-omega SST")})
    created_by = "key:0199f3c2-7a10-7000-8000-000000000001"
    created_at = NOW
    updated_at = SelfAttribute("created_at")


class ApiKeyFactory(Factory[ApiKey]):
    """A key of a new owner with all scopes and no expiry. Pass its token as ``text`` to authenticate with it."""

    class Meta:
        model = ApiKey

    class Params:
        text = LazyFunction(lambda: ApiKeyToken.new(os.urandom))

    id = LazyFunction(uuid7)
    owner_id = LazyFunction(new_owner_id)
    name = Sequence(lambda n: f"Notebook {n}")
    public_id = LazyAttribute(lambda key: key.text.public_id)
    digest = LazyAttribute(lambda key: key.text.digest())
    scopes = frozenset(Scope)
    created_at = NOW


class WebhookFactory(Factory[Webhook]):
    """An enabled webhook of a new owner for all kinds of objects."""

    class Meta:
        model = Webhook

    id = LazyFunction(uuid7)
    owner_id = LazyFunction(new_owner_id)
    url = Sequence(lambda n: f"https://hooks.example/{n}")
    kinds = tuple(KINDS)
    secret = "sealed"
    created_at = NOW
    updated_at = SelfAttribute("created_at")


class DeliveryFactory(Factory[Delivery]):
    """A delivery that was accepted."""

    class Meta:
        model = Delivery

    id = LazyFunction(uuid7)
    owner_id = LazyFunction(new_owner_id)
    created_at = NOW
    webhook_id = LazyFunction(uuid7)
    message_id = LazyAttribute(lambda delivery: f"msg_{delivery.id.hex}")
    type = "run.updated"
    number = 1
    cause = DeliveryCause.CHANGE
    attempt = 1
    status_code = 204
    duration_ms = 12
    answer = ""
    error = None
    next_attempt_at = None
