"""An owner with webhooks over storage in memory, a clock that stands still, and endpoints that are functions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from adapters.in_memory.storage import Storage
from app.container import Container
from app.system import System
from config.settings import Settings
from domain.access.scopes import Scope
from domain.paging import PageRequest
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from domain.webhooks.deliverer import Deliverer
from domain.webhooks.delivery import Delivery
from domain.webhooks.figures import DeliveryFigures
from domain.webhooks.ports import Answer
from domain.webhooks.webhook import Webhook
from domain.write_context import WriteContext
from tests.factories import NOW, OwnerFactory, SimulationFactory

SECOND = timedelta(seconds=1)
ACCEPTED, FAILED, GONE = Answer(status_code=204), Answer(status_code=503, text="later"), Answer(status_code=410)
KEY, BEFORE = "k" * 32, "b" * 32


@dataclass
class Clock:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()

    def passes(self, time: timedelta) -> None:
        self.at += time


@dataclass
class Endpoints:
    """Answers in place of endpoints, and keeps what they were sent."""

    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    sent: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.sent.append((url, headers, body))
        await asyncio.sleep(0)
        return self.answers.get(url, lambda: ACCEPTED)()

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    def to(self, webhook: Webhook) -> list[Any]:
        return [json.loads(body) for url, _, body in self.sent if url == webhook.url]


class World:
    """An owner with simulations and webhooks, and a deliverer."""

    def __init__(self) -> None:
        self.clock, self.endpoints, self.storage = Clock(), Endpoints(), Storage()
        self.container = self.containing(KEY)
        self.figures = DeliveryFigures()
        self.deliverer = self.new_deliverer()
        self.owner: OwnerId = OwnerFactory.build().id

    async def begin(self) -> None:
        await self.storage.owners.add(OwnerFactory.build(id=self.owner), self.context)

    def containing(self, key: str, before: str | None = None) -> Container:
        secrets: dict[str, Any] = {"secret_key": SecretStr(key), "secret_key_previous": before and SecretStr(before)}
        system = System(now=self.clock, monotonic=self.clock.monotonic, random=lambda: 0.5)
        return Container(settings=Settings(**secrets), storage=self.storage, system=system)

    def new_deliverer(self) -> Deliverer:
        return Deliverer(replace(self.container.delivering(), sender=self.endpoints), self.figures)

    @property
    def context(self) -> WriteContext:
        return WriteContext(actor="operator:tests", request_id="r", at=self.clock())

    async def webhook(self, name: str, *, owner: OwnerId | None = None, **values: Any) -> Webhook:
        values = {"url": f"https://{name}.example", "kinds": ("simulation",)} | values
        made: Webhook
        made, _ = await self.container.use_cases.webhooks().create(
            owner or self.owner, self.context, scopes=frozenset(Scope), **values
        )
        return made

    async def stored(self, webhook: Webhook) -> Webhook:
        return await self.storage.webhooks.of(webhook.owner_id).get(webhook.id)

    async def simulation(self, name: str, *, owner: OwnerId | None = None, **values: Any) -> Simulation:
        made: Simulation = SimulationFactory.build(owner_id=owner or self.owner, name=name, **values)
        await self.storage.repository(Simulation).of(made.owner_id).add(made, self.context)
        return made

    async def deliver(self) -> None:
        await self.deliverer.poll()
        await self.deliverer.settled()

    async def deliveries(self, webhook: Webhook) -> list[Delivery]:
        """The oldest first."""
        page = await self.container.use_cases.webhooks().attempts(self.owner, webhook.id, PageRequest(limit=100))
        return [*reversed(page.items)]


def names(messages: list[Any]) -> list[str]:
    """The names of the objects that these messages tell of."""
    return [message["data"]["after"]["name"] for message in messages]
