"""A client that follows the feed during concurrent writes ends with exactly the stored objects."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from httpx2 import ASGITransport, AsyncClient, Response

from tests.contracts.resources import SIMULATION, ResourceCase, ResourceFixtures
from tests.contracts.tags import version_of

if TYPE_CHECKING:
    from tests.contracts.http_service import Service

CHANGES = "/api/v1/changes"
CLIENTS = 6
"""With the followers as many as one owner's share of connections, and as may always wait for one: of more, some could
be refused as overload on a busy machine."""
PAUSE = 0.01  # seconds between two requests for the feed


@dataclass
class Follower:
    """Follows the feed and keeps the highest version of each object, as the documentation recommends."""

    http: AsyncClient
    resource: ResourceCase
    cursor: str
    versions: dict[str, int] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    async def at_the_end(cls, http: AsyncClient, resource: ResourceCase = SIMULATION) -> Follower:
        """A follower that starts at the current end of the feed, with no objects."""
        answer = await http.get(CHANGES, params={"after": "latest"})
        return cls(http, resource, answer.json()["next_cursor"])

    @classmethod
    async def from_the_list(cls, http: AsyncClient, resource: ResourceCase) -> Follower:
        """A follower that takes a cursor for the end of the feed and then reads the list.

        It sees changes between the two requests twice.
        """
        follower = await cls.at_the_end(http, resource)
        follower.kept = {each["id"]: each for each in await table(http, resource)}
        return follower

    async def catch_up(self, limit: int) -> None:
        """Reads up to the current end of the feed."""
        more = True
        while more:
            answer = await self.http.get(CHANGES, params={"after": self.cursor, "limit": limit})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            for change in page["items"]:
                self._take(change)
            self.cursor, more = page["next_cursor"], page["has_more"]

    def _take(self, change: Any) -> None:
        id, version = change["id"], change["version"]
        self.seen.append((id, version))
        if version <= self.versions.get(id, 0):
            return
        self.versions[id] = version
        if change["after"] is None:
            self.kept.pop(id, None)
        else:
            self.kept[id] = change["after"]

    async def follow(self, done: asyncio.Event, limit: int) -> None:
        while not done.is_set():
            await self.catch_up(limit)
            await asyncio.sleep(PAUSE)
        await self.catch_up(limit)


@dataclass
class Writers:
    """Clients that create, change, delete and restore shared objects. ``made`` holds each version once."""

    http: AsyncClient
    resource: ResourceCase
    made: list[tuple[str, int]] = field(default_factory=list)
    deleted: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    async def create(self, name: str) -> None:
        answer = await self.http.post(self.resource.path, json=self.body(name))
        assert answer.status_code == 201, answer.text
        self.ids.append(answer.json()["id"])
        self._note(answer)

    def body(self, name: str) -> Any:
        """A complete body with this name and new values for unique members."""
        return self.resource.body | self.resource.distinct(next(self._numbers)) | self.resource.named(name)

    async def write(self, number: int, times: int) -> None:
        chance = Random(number)
        for turn in range(times):
            path = f"{self.resource.path}/{chance.choice(self.ids)}"
            name = f"{number} {turn}"
            named = self.resource.named(name)
            match chance.choice(["create", "change", "change", "replace", "delete", "delete", "restore", "restore"]):
                case "create":
                    await self.create(name)
                case "change":
                    self._note(await self.http.patch(path, json=named))
                case "replace":
                    self._note(await self.http.put(path, json=self.body(name)))
                case "restore":
                    self._note(await self.http.post(f"{path}/restore", json={"version": chance.randint(1, 4)}))
                case _:
                    self._note(await self.http.delete(path))

    def _note(self, answer: Response) -> None:
        if answer.status_code in {200, 201}:
            self.made.append((answer.json()["id"], version_of(answer)))
        elif answer.status_code == 204:
            self.deleted[answer.request.url.path.rpartition("/")[2]] += 1
        else:
            assert answer.status_code in {404, 409}, answer.text
            self.refused[answer.status_code] += 1


async def table(http: AsyncClient, resource: ResourceCase) -> list[Any]:
    """All objects of the list, page by page."""
    found: list[Any] = []
    query: dict[str, str] = {"limit": "100"}
    while True:
        page = (await http.get(resource.path, params=query)).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def storm(http: AsyncClient, *, times: int, resource: ResourceCase = SIMULATION) -> Writers:
    """Runs many writers and followers at once, and asserts that the followers end with exactly the stored objects."""
    first = await Follower.at_the_end(http, resource)
    late = await Follower.at_the_end(http, resource)
    writers, done = Writers(http, resource), asyncio.Event()
    for number in range(10):
        await writers.create(str(number))
    following = asyncio.create_task(first.follow(done, limit=7))
    half = [writers.write(number, times) for number in range(CLIENTS // 2)]
    joining = asyncio.create_task(Follower.from_the_list(http, resource))
    rest = [writers.write(number, times) for number in range(CLIENTS // 2, CLIENTS)]
    try:
        await asyncio.gather(*half, *rest)
    finally:
        done.set()
    await following
    joined = await joining
    for follower in (late, joined):
        await follower.catch_up(100)
    expected = {each["id"]: each for each in await table(http, resource)}
    for follower in (first, late, joined):
        assert follower.kept == expected
    assert first.seen == late.seen
    _assert_each_version_once(first, writers)
    return writers


def _assert_each_version_once(follower: Follower, writers: Writers) -> None:
    """Asserts that the follower saw the versions of each object once and in order, and all that the writers made."""
    of: dict[str, list[int]] = {}
    for id, version in follower.seen:
        of.setdefault(id, []).append(version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in of.values())
    # A change without effect returns the existing version.
    assert set(follower.seen) >= set(writers.made)
    assert len(follower.seen) == len(set(writers.made)) + writers.deleted.total()


class FollowingContract(ResourceFixtures):
    """The feed during concurrent writes."""

    def test_followers_end_with_exactly_the_stored_objects(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()

        async def run() -> Writers:
            transport = ASGITransport(app=service.api, raise_app_exceptions=False)
            headers = {"X-API-Key": tenant.key}
            async with AsyncClient(
                transport=transport, base_url="http://localhost", headers=headers, timeout=60
            ) as http:
                return await storm(http, times=25, resource=resource)

        writers = service.call(run)
        assert writers.deleted.total() > 5
        assert writers.refused[404] > 0
