"""Writers, readers and followers over two processes of the service, who notice whatever is older than it may be."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

import httpx2

RUNS, CHANGES = "/api/v1/runs", "/api/v1/changes"


@dataclass
class Noticed:
    """What the clients have seen."""

    answers: Counter[str] = field(default_factory=Counter)
    """Of writes, reads and readings of the feed."""
    failed: Counter[str] = field(default_factory=Counter)
    """Answers other than 2xx, with their status."""
    slowest: float = 0.0
    """Seconds of the slowest read."""
    not_seen: list[str] = field(default_factory=list)
    """Own writes that a later read did not show."""
    went_back: list[str] = field(default_factory=list)
    """Reads that showed an older state than an earlier one."""
    written: set[tuple[str, int]] = field(default_factory=set)
    """Ids and versions that were acknowledged."""
    followed: list[tuple[str, int]] = field(default_factory=list)
    """Ids and versions, in the order of the feed."""

    @property
    def missed(self) -> set[tuple[str, int]]:
        """What was acknowledged and is not in the feed."""
        return self.written - {*self.followed}

    @property
    def out_of_order(self) -> list[tuple[str, int]]:
        """What is in the feed twice, or before an earlier version of it."""
        versions: Counter[str] = Counter()
        found = []
        for id, version in self.followed:
            versions[id] += 1
            if version != versions[id]:
                found.append((id, version))
        return found


class Load:
    """Clients of one owner who go from process to process with every request; ``reading`` have other URLs, if given."""

    def __init__(self, urls: tuple[str, ...], key: str, simulation: str, reading: tuple[str, ...] = ()) -> None:
        self._simulation = simulation
        clients = {
            url: httpx2.AsyncClient(base_url=url, headers={"X-API-Key": key}, timeout=30) for url in (*urls, *reading)
        }
        self._processes = [clients[url] for url in urls]
        self._reading = [clients[url] for url in reading or urls]
        self._ends = 0.0
        self._quiet = asyncio.Event()
        self.noticed = Noticed()

    async def run(self, seconds: float, *, writers: int = 3, readers: int = 3) -> Noticed:
        """Writes and reads for so long; returns once the follower has seen all."""
        self._ends = time.monotonic() + seconds
        start = await self._processes[0].get(CHANGES, params={"after": "latest"})
        following = asyncio.create_task(self._follow(start.json()["next_cursor"]))
        clients = [*map(self._write, range(writers)), *(self._read(number % writers) for number in range(readers))]
        await asyncio.gather(*clients)
        self._quiet.set()
        await following
        for process in {*self._processes, *self._reading}:
            await process.aclose()
        return self.noticed

    async def _ask(self, kind: str, client: httpx2.AsyncClient, method: str, path: str, **more: Any) -> Any:
        """The body of the answer; None where it is a failure."""
        began = time.monotonic()
        answer = await client.request(method, path, **more)
        if kind != "write":
            self.noticed.slowest = max(self.noticed.slowest, time.monotonic() - began)
        if not answer.is_success:
            self.noticed.failed[f"{kind} {answer.status_code} {answer.text}"] += 1
            return None
        self.noticed.answers[kind] += 1
        return answer.json()

    async def _write(self, writer: int) -> None:
        """Creates and changes runs, each time looking for it in the other process."""
        processes, reading = cycle(self._processes), cycle([*self._reading[1:], self._reading[0]])
        for number in count(1):
            if time.monotonic() > self._ends:
                return
            body = {"simulation_id": self._simulation, "name": f"{number}", "labels": {"writer": f"w{writer}"}}
            made = await self._ask("write", next(processes), "POST", RUNS, json=body)
            if made is None:
                continue
            self.noticed.written.add((made["id"], 1))
            await self._expect(next(reading), writer, made)
            changed = await self._ask("write", next(processes), "PATCH", f"{RUNS}/{made['id']}", json={"solver": "x"})
            if changed is not None:
                self.noticed.written.add((made["id"], 2))
                await self._expect(next(reading), writer, changed)

    async def _expect(self, client: httpx2.AsyncClient, writer: int, run: dict[str, Any]) -> None:
        """The newest run of this writer has to be this very one."""
        page = await self._ask("read", client, "GET", RUNS, params={"label": f"writer:w{writer}", "limit": 1})
        if page is not None and page["items"] != [run]:
            self.noticed.not_seen.append(run["id"])

    async def _read(self, writer: int) -> None:
        """Reads the newest run of a writer again and again, which never becomes an older one."""
        turns, last = cycle(self._reading), (0, "")
        while time.monotonic() < self._ends:
            query = {"label": f"writer:w{writer}", "limit": 1}
            page = await self._ask("read", next(turns), "GET", RUNS, params=query)
            if page and page["items"]:
                (run,) = page["items"]
                state = int(run["name"]), run["solver"] or ""
                if state < last:
                    self.noticed.went_back.append(run["id"])
                last = state

    async def _follow(self, cursor: str) -> None:
        """Follows the feed to its end, once nobody writes any more."""
        turns = cycle(self._reading)
        while True:
            is_over = self._quiet.is_set()
            page = await self._ask("feed", next(turns), "GET", CHANGES, params={"after": cursor, "limit": 50})
            if page is None:
                continue
            cursor = page["next_cursor"]
            self.noticed.followed += [(each["id"], each["version"]) for each in page["items"]]
            if is_over and not page["has_more"]:
                return
            await asyncio.sleep(0.01)
