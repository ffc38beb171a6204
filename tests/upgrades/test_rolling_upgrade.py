"""A release is upgraded and rolled back under load, instance by instance, and answers every request."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.embedded_postgres import Server
from tests.upgrades.releases import Release, archived, checked_out, following, last_tag
from tests.upgrades.serving import LOG, Instance, Load

SIDE_BY_SIDE = 3.0  # seconds of load on both releases: an instance looks at its role's rights once a second
SCOPES = ("simulations:read", "simulations:write", "runs:read", "runs:write", "keys:manage")
PLAN = {"name": "Wing", "start_date": "2026-01-05", "end_date": "2026-02-01"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("releases")


@pytest.fixture(scope="session")
def old(request: pytest.FixtureRequest, folder: Path) -> Release:
    """The last release; where there is none yet, the checkout itself."""
    ref = request.config.getoption("release_before") or last_tag()
    return checked_out(folder / "old") if ref is None else archived(ref, folder / "old")


@pytest.fixture(scope="session")
def checkout(folder: Path) -> Release:
    return checked_out(folder / "checkout")


@pytest.fixture(scope="session")
def next_release(folder: Path) -> Release:
    return following(folder / "next")


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of an empty database."""
    without = {"GOATFISH_RATE_LIMIT": "0", "GOATFISH_FAILURE_LIMIT": "0"}
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/goatfish.sqlite3"
        yield {"GOATFISH_DATABASE_URL": url, "GOATFISH_OPERATOR_DATABASE_URL": url, **without}
        return
    with Server(in_memory=True) as server:
        urls = {"GOATFISH_DATABASE_URL": server.url, "GOATFISH_OPERATOR_DATABASE_URL": server.operator_url}
        yield urls | without


class Site:
    """A database with a tenant, made by one release, and the instances of any."""

    def __init__(self, settings: dict[str, str], release: Release, running: ExitStack) -> None:
        self.settings, self._running = settings, running
        self.goatfish(release, "migrate")
        self.goatfish(release, "owner", "create", "Acme")
        self.load = Load(self.key(release, *SCOPES))

    def goatfish(self, release: Release, *arguments: str) -> str:
        said = release.goatfish(self.settings, *arguments)
        print(f"{release.name}$ goatfish {' '.join(arguments)}\n{said}")  # noqa: T201 -- to read with pytest -s
        return said

    def key(self, release: Release, *scopes: str) -> str:
        options = [option for scope in scopes for option in ("--scope", scope)]
        return release.goatfish(self.settings, "key", "create", "Acme", *options).split()[0]

    def start(self, release: Release) -> Instance:
        instance = Instance(release, self.settings)
        self._running.callback(instance.stop)
        print(f"{release.name}$ goatfish serve\n{''.join(instance.said)}")  # noqa: T201 -- as above
        return instance


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as running:
        yield running


def test_the_next_release_is_what_its_migrations_make_and_safe(next_release: Release, tmp_path: Path) -> None:
    url = {"GOATFISH_DATABASE_URL": f"sqlite:///{tmp_path}/goatfish.sqlite3"}
    assert "No changes" in next_release.goatfish(url, "django", "makemigrations", "--check", "--dry-run")
    linted = {"GOATFISH_DATABASE_URL": "postgresql://goatfish@127.0.0.1/goatfish"}
    path = os.pathsep.join([next_release.environment()["PYTHONPATH"], str(Path(__file__).parents[2])])
    assert next_release.run({**linted, "PYTHONPATH": path}, "tests.migration_linter").stdout == ""


def test_the_last_release_beside_the_checkout(
    old: Release, checkout: Release, database: dict[str, str], running: ExitStack
) -> None:
    if old.name == checkout.name:
        pytest.skip("nothing is released yet")
    site = Site(database, old, running)
    first = site.start(old)
    with site.load.on(first):
        site.goatfish(checkout, "migrate")
        second = site.start(checkout)
        with site.load.on(second):
            time.sleep(SIDE_BY_SIDE)
    second.stop()
    with site.load.on(site.start(old)):
        time.sleep(SIDE_BY_SIDE)
    assert site.load.unexpected == []


def test_the_last_release_beside_a_next_one_and_back(
    old: Release, next_release: Release, database: dict[str, str], running: ExitStack
) -> None:
    site = Site(database, old, running)
    load = site.load
    first = site.start(old)
    with load.on(first):
        before = dict(load.answered)
        assert "Applied goatfish" in site.goatfish(next_release, "migrate")
        second = site.start(next_release)
        with load.on(second):
            time.sleep(SIDE_BY_SIDE)
            assert load.unexpected == []
            client = httpx.Client(headers={"X-API-Key": site.key(next_release, *SCOPES, "notes:read", "notes:write")})
            running.enter_context(client)
            feed = Feed(client, first)
            note = write_what_is_new(client, first, second)
            assert "This version changes nothing." in site.goatfish(old, "migrate")
            site.goatfish(old, "doctor")
            time.sleep(SIDE_BY_SIDE)
            assert client.get(second.url + note).status_code == 200  # the next release has its rights
    assert load.unexpected == []
    assert all(load.answered[name] > before.get(name, 0) for name in load.answered)

    second.stop()
    first.stop()
    back = site.start(old)
    assert any("A later version of Goatfish has migrated the database" in line for line in back.said)
    with load.on(back):
        assert client.get(back.url + note).status_code == 404
        assert feed.kinds(back) == {"simulation", "run"}
        time.sleep(SIDE_BY_SIDE)
    assert load.unexpected == []

    forward = site.start(next_release)
    with load.on(forward):
        about = client.get(forward.url + note).json()["simulation_id"]
        simulation = client.get(f"{forward.url}/api/v1/simulations/{about}").json()
        assert (simulation["priority"], simulation["name"]) == (7, "Wing 2")
        path = f"{forward.url}/api/v1/simulations/{about}/restore"
        assert client.post(path, json={"version": 2}).json()["priority"] == 0  # which the old release has written
        assert feed.kinds(forward) == {"simulation", "run", "note"}
    assert load.unexpected == []
    print(f"answered: {load.answered}\nslowest: {load.slowest}")  # noqa: T201 -- to read with pytest -s


class Feed:
    """The changes since now."""

    def __init__(self, client: httpx.Client, instance: Instance) -> None:
        self._client = client
        self._begin = client.get(f"{instance.url}/api/v1/changes", params={"after": "latest"}).json()["next_cursor"]

    def kinds(self, instance: Instance) -> set[str]:
        """Of what kinds they are, as this instance shows them."""
        found, cursor, more = set(), self._begin, True
        while more:
            page = self._client.get(f"{instance.url}/api/v1/changes", params={"after": cursor, "limit": 100})
            assert page.status_code == 200, page.text
            found |= {each["kind"] for each in page.json()["items"]}
            cursor, more = page.json()["next_cursor"], page.json()["has_more"]
        return found


def write_what_is_new(client: httpx.Client, old: Instance, new: Instance) -> str:
    """Uses what only the next release has, and what it has made in the old one; returns the path of a note."""
    simulation = client.post(f"{new.url}/api/v1/simulations", json={**PLAN, "priority": 7})
    assert simulation.status_code == 201, simulation.text
    path, id = simulation.headers["Location"], simulation.json()["id"]
    run = client.post(f"{new.url}/api/v1/runs", json={"simulation_id": id, "artifacts": [{**LOG, "pages": 3}]})
    assert run.status_code == 201, run.text
    note = client.post(f"{new.url}/api/v1/notes", json={"simulation_id": id, "text": "Too coarse."})
    assert note.status_code == 201, note.text

    assert "priority" not in client.get(old.url + path).json()
    assert client.get(old.url + run.headers["Location"]).json()["artifacts"][0]["uri"] == LOG["uri"]
    assert client.patch(old.url + path, json={"name": "Wing 2"}).status_code == 200
    assert client.get(f"{old.url}/api/v1/me").json()["key"]["scopes"] == sorted(SCOPES)
    assert client.get(f"{old.url}/api/v1/keys").status_code == 200
    made_by_old = client.post(f"{old.url}/api/v1/simulations", json=PLAN).headers["Location"]
    assert client.get(new.url + made_by_old).json()["priority"] == 0
    changed = simulation.json() | {"name": "Wing 2", "updated_at": ""}
    assert client.get(new.url + path).json() | {"updated_at": ""} == changed
    assert client.get(f"{new.url}/api/v1/simulations?sort=-priority").json()["items"][0]["id"] == id
    return str(note.headers["Location"])
