"""Pages of large objects over HTTP: each ends early, and whoever follows them gets every object exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.http_changes import CHANGES
from tests.contracts.http_service import Service, Tenant
from tests.contracts.http_simulations import SIMULATIONS
from tests.contracts.resources import Json
from tests.contracts.runs import RUNS, Lab, lab_of, path_of

PAGE_MAX = 2_000_000
"""Bytes of a page with more than one object."""
GOATS = "🐐" * 1000
"""A text of a quantity as long as can be: 4,000 bytes."""
LARGE = 3


def large(name: str, **more: Any) -> Json:
    """A run of some 900 kB, with 100 parameters and 100 results."""
    texts: Json = {f"text_{number}": GOATS for number in range(98)}
    links = [{"name": f"link {number}", "uri": f"s3://bucket/{number}/{'x' * 2000}"} for number in range(50)]
    return {
        "name": name,
        "labels": {"size": "large"},
        "parameters": texts | {"weight": 1},
        "results": texts,
        "artifacts": links,
        **more,
    }


@dataclass
class Kept:
    """A tenant with small and large runs, a run that was large in several versions, and many large simulations."""

    lab: Lab
    names: list[str]
    """Of the runs, as they were made."""
    changed: Json
    simulations: list[str]
    """The ids of large simulations, as they were made."""

    @property
    def tenant(self) -> Tenant:
        return self.lab.tenant


def kept_by(tenant: Tenant) -> Kept:
    lab, runs = lab_of(tenant), list[Json]()
    for number in range(LARGE):
        for run in (large(f"large {number}"), {"name": f"small {number}", "parameters": {"rank": number}}):
            answer = tenant.send("POST", RUNS, json={"simulation_id": lab.simulation["id"], **run})
            assert answer.status_code == 201, answer.text
            runs.append(answer.json())
    changed = runs[-1]
    for text in (GOATS, GOATS[1:], GOATS):
        lab.changed(changed, results={f"text_{number}": text for number in range(90)})
    described = {
        "name": "large",
        "start_date": "2026-01-05",
        "end_date": "2026-01-05",
        "description": "🐐" * 4000,
        "labels": {f"label_{number}": "🐐" * 255 for number in range(32)},
    }
    answer = tenant.send("POST", f"{SIMULATIONS}/batch", json={"items": [described] * 60})
    assert answer.status_code == 201, answer.text
    return Kept(lab, [run["name"] for run in runs], changed, [each["id"] for each in answer.json()["items"]])


def pages(tenant: Tenant, path: str, **params: Any) -> Iterator[list[Json]]:
    """The pages of a list, each within its size."""
    query: dict[str, Any] | None = {"limit": 100, **params}
    following: str | None = path
    while following:
        answer = tenant.send("GET", following, params=query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["items"]
        assert len(answer.content) <= PAGE_MAX or len(body["items"]) == 1
        yield body["items"]
        following, query = answer.links.get("next", {}).get("url"), None
        assert (following is None) is (body["next_cursor"] is None)


class LargePagesContract:
    """Lists, revisions and the feed of objects as large as they can be."""

    @pytest.fixture
    def kept(self, service: Service) -> Kept:
        return service.once("large pages", lambda: kept_by(service.tenant()))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, ["small 2", "large 2", "small 1", "large 1", "small 0", "large 0"]),
            ({"sort": "created_at"}, ["large 0", "small 0", "large 1", "small 1", "large 2", "small 2"]),
            ({"sort": "-name"}, ["small 2", "small 1", "small 0", "large 2", "large 1", "large 0"]),
            ({"limit": 2}, ["small 2", "large 2", "small 1", "large 1", "small 0", "large 0"]),
            ({"limit": 1}, ["small 2", "large 2", "small 1", "large 1", "small 0", "large 0"]),
            ({"label": "size:large"}, ["large 2", "large 1", "large 0"]),
            ({"label": "size", "sort": "name"}, ["large 0", "large 1", "large 2"]),
            ({"where": "parameters.weight=1", "status": "queued,running"}, ["large 2", "large 1", "large 0"]),
            ({"name": "LARGE", "sort": "-updated_at"}, ["large 2", "large 1", "large 0"]),
        ],
        ids=lambda given: (
            "&".join(f"{name}={value}" for name, value in given.items()) if given.__class__ is dict else ""
        ),
    )
    def test_list_of_runs(self, kept: Kept, query: dict[str, Any], expected: list[str]) -> None:
        found = [*pages(kept.tenant, RUNS, **query)]
        assert [run["name"] for page in found for run in page] == expected
        assert all(sum(run["name"].startswith("large") for run in page) < 2 for page in found)

    @pytest.mark.parametrize("by", ["rank", "-rank", "weight", "-weight"])
    def test_list_by_a_parameter_that_some_lack(self, kept: Kept, by: str) -> None:
        sort = "-" * by.startswith("-") + f"parameters.{by.removeprefix('-')}"
        found = pages(kept.tenant, RUNS, sort=sort, simulation_id=kept.lab.simulation["id"])
        names = [run["name"] for page in found for run in page]
        small, large = (sorted(name for name in kept.names if name.startswith(kind)) for kind in ("small", "large"))
        first, last = (small, large) if "rank" in by else (large, small)
        assert names == ([*first[::-1], *last[::-1]] if by.startswith("-") else [*first, *last])

    def test_list_of_simulations(self, kept: Kept) -> None:
        found = [*pages(kept.tenant, SIMULATIONS)]
        assert [each["id"] for page in found for each in page] == [
            *kept.simulations[::-1],
            kept.lab.simulation["id"],
        ]
        assert len(found) > 1

    def test_revisions_of_a_run(self, kept: Kept) -> None:
        found = [*pages(kept.tenant, f"{path_of(kept.changed)}/revisions")]
        assert [revision["version"] for page in found for revision in page] == [4, 3, 2, 1]
        assert [len(page) for page in found] == [1, 1, 2]

    def test_feed(self, kept: Kept) -> None:
        found, query, more = list[Json](), dict[str, Any](), True
        while more:
            answer = kept.tenant.send("GET", CHANGES, params={"limit": 100, **query})
            page = answer.json()
            assert page["items"]
            assert len(answer.content) <= PAGE_MAX or len(page["items"]) == 1
            found += page["items"]
            more, query = page["has_more"], {"after": page["next_cursor"]}
        runs = [*kept.names, *[kept.changed["name"]] * 3]
        assert [each["after"]["name"] for each in found if each["kind"] == "run"] == runs
        simulations = [each["id"] for each in found if each["kind"] == "simulation"]
        assert simulations == [kept.lab.simulation["id"], *kept.simulations]

    def test_a_version_is_restored_whatever_the_size_of_those_beside_it(self, service: Service) -> None:
        lab = lab_of(service.tenant())
        made = lab.make(name="restored")
        lab.changed(made, results={"text": "x"} | {f"text_{number}": GOATS for number in range(90)})
        assert lab.restore(path_of(made), 1).json()["results"] == {}
        assert len(lab.restore(path_of(made), 2).json()["results"]) == 91
