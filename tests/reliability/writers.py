"""Clients that write until they are told to stop, repeat what is not acknowledged, and check all of it afterwards."""

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2

from tests.contracts.http_api import SIMULATIONS, WING

RUNS, CHANGES = "/api/v1/runs", "/api/v1/changes"
BATCH = 5
PAUSE = 0.05
"""Seconds before a write is repeated."""
_REPEATED = {409, 502, 503, 504}
"""No acknowledgement: of these, only the idempotency key still in progress is a 409 here."""


@dataclass
class Writers:
    """``acknowledged`` maps the name of every object whose creation was acknowledged to its id."""

    url: str
    key: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    """Attempts without an acknowledgement, by status or exception."""
    wrong: list[str] = field(default_factory=list)
    """Answers that no writer should get."""
    stopping: bool = False

    async def run(self, writers: int) -> None:
        """Writes with so many clients until ``stopping``; what they have begun is acknowledged then."""
        async with self._client() as http:
            await asyncio.gather(*(self._write_on(http, number) for number in range(writers)))

    async def until(self, more: int) -> None:
        """Waits until so many more objects are acknowledged."""
        goal = len(self.acknowledged) + more
        async with asyncio.timeout(90):
            while len(self.acknowledged) < goal:  # noqa: ASYNC110 -- an event for each number would be no simpler
                await asyncio.sleep(0.01)

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers={"X-API-Key": self.key}, timeout=30)

    async def _write_on(self, http: httpx2.AsyncClient, number: int) -> None:
        random, count = Random(number), 0
        simulations: list[str] = []
        while not self.stopping:
            path = random.choice([SIMULATIONS, RUNS] if simulations else [SIMULATIONS])
            items = []
            for _ in range(random.choice([1, 1, 1, BATCH])):
                count += 1
                fields = WING if path == SIMULATIONS else {"simulation_id": random.choice(simulations)}
                items.append({**fields, "name": f"{number}-{count}"})
            made = await self._write(http, path, items)
            if path == SIMULATIONS:
                simulations += made

    async def _write(self, http: httpx2.AsyncClient, path: str, items: list[dict[str, Any]]) -> list[str]:
        """Sends one write until it is acknowledged, and returns the ids."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        single = len(items) == 1
        while True:
            try:
                if single:
                    answer = await http.post(path, json=items[0], headers=headers)
                else:
                    answer = await http.post(f"{path}/batch", json={"items": items}, headers=headers)
            except httpx2.TransportError as error:
                self.refused[type(error).__name__] += 1
            else:
                if answer.status_code == 201:
                    made = [answer.json()] if single else answer.json()["items"]
                    self.acknowledged |= {item["name"]: item["id"] for item in made}
                    return [item["id"] for item in made]
                self.refused[str(answer.status_code)] += 1
                if answer.status_code not in _REPEATED:
                    self.wrong.append(answer.text)
                    return []
            await asyncio.sleep(PAUSE)

    async def check(self) -> None:
        """Asserts that exactly what was acknowledged is stored, each object once, and that each has one creation."""
        stored: Counter[tuple[str, str]] = Counter()
        created: Counter[str] = Counter()
        async with self._client() as http:
            for path in (SIMULATIONS, RUNS):
                async for item in _walk(http, path, "cursor"):
                    stored[item["name"], item["id"]] += 1
            async for revision in _walk(http, CHANGES, "after"):
                created[revision["id"]] += revision["action"] == "created"
        assert self.wrong == []
        assert stored == Counter(self.acknowledged.items())
        assert created == Counter(self.acknowledged.values())


async def _walk(http: httpx2.AsyncClient, path: str, cursor: str) -> Any:
    query = {"limit": "100"}
    while True:
        answer = await http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        for item in page["items"]:
            yield item
        if not page.get("has_more", page["next_cursor"]):
            return
        query[cursor] = page["next_cursor"]
