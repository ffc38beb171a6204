"""Lists of simulations over HTTP: the ``active_on`` filter, and sorting and searching by name."""

from datetime import date
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.contracts.http_lists import read_pages
from tests.contracts.http_service import Service, Tenant, before_storage, expect_problem, violations
from tests.contracts.http_simulations import SIMULATION, SIMULATIONS

SORTS = ("created_at", "start_date", "end_date", "name")
NAMES = ("Straße", "STRASSE", "strasse ", "İstanbul", "istanbul", "ΣΊΣΥΦΟΣ", "σίσυφος", "ﬃ", "FFI", "🐐", "a", "A", "Z")
RUNS = {  # by name
    "before": ("2026-01-01", "2026-01-31"),
    "across": ("2026-01-15", "2026-02-15"),
    "within": ("2026-02-01", "2026-02-28"),
    "a day": ("2026-02-15", "2026-02-15"),
    "after": ("2026-03-01", "2026-03-31"),
}
PLAIN = ("100%", "100_", "1000", "a\\b", "a\\\\b", "%", "_", "%_", "[a-z]*?", "'; --")


def names(tenant: Tenant, **query: str) -> list[str]:
    return [item["name"] for item in read_pages(tenant, SIMULATION, 100, sort="name", **query)]


def in_order(made: list[Any], sort: str) -> list[Any]:
    field = sort.removeprefix("-")

    def place(one: Any) -> tuple[str, str]:
        return (one[field].casefold(), one["id"])

    return sorted(made, key=place, reverse=field != sort)


def with_runs(service: Service) -> Tenant:
    tenant = service.tenant()
    for name, (start, end) in RUNS.items():
        tenant.make(name=name, start_date=start, end_date=end)
    return tenant


class SimulationListsContract:
    """Lists of simulations with literal values, independent of the declared fields."""

    @pytest.mark.parametrize("sort", [f"{sign}{field}" for field in SORTS for sign in ("", "-")])
    def test_list_supports_every_order_with_ties_by_id(self, service: Service, sort: str) -> None:
        tenant = service.tenant()
        made = [
            tenant.make(name=name, start_date=f"2026-01-0{n % 3 + 1}", end_date=f"2026-02-0{n % 4 + 1}")
            for n, name in enumerate(NAMES)
        ]
        for limit in (4, 100):
            assert read_pages(tenant, SIMULATION, limit, sort=sort) == in_order(made, sort)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"active_on": "2026-01-01"}, ["before"]),
            ({"active_on": "2026-01-31"}, ["across", "before"]),
            ({"active_on": "2026-02-15"}, ["a day", "across", "within"]),
            ({"active_on": "2025-12-31"}, []),
            ({"start_date_from": "2026-02-15"}, ["a day", "after"]),
            ({"start_date_to": "2026-01-15"}, ["across", "before"]),
            ({"end_date_from": "2026-02-28"}, ["after", "within"]),
            ({"end_date_to": "2026-02-15"}, ["a day", "across", "before"]),
            ({"start_date_from": "2026-02-01", "start_date_to": "2026-02-15"}, ["a day", "within"]),
            ({"end_date_from": "2026-02-15", "end_date_to": "2026-02-15"}, ["a day", "across"]),
            ({"start_date_from": "2026-02-02", "start_date_to": "2026-02-01"}, []),
            ({"active_on": "2026-02-15", "name": "a"}, ["a day", "across"]),
            ({"active_on": "2026-02-15", "name": "A", "start_date_from": "2026-02-01"}, ["a day"]),
            ({"active_on": "0001-01-01"}, []),
            ({"start_date_from": "0001-01-01", "end_date_to": "9999-12-31"}, sorted(RUNS)),
        ],
        ids=str,
    )
    def test_filter_returns_only_matches_and_includes_both_ends(
        self, service: Service, query: dict[str, str], expected: list[str]
    ) -> None:
        assert names(with_runs(service), **query) == expected

    def test_filters_apply_in_every_order_and_on_every_page(self, service: Service) -> None:
        tenant = service.tenant()
        made = [tenant.make(name=f"{'Kept' if n % 3 else 'left'} {n}") for n in range(12)]
        kept = [one for one in made if one["name"].startswith("Kept")]
        for field, sign, limit in product(SORTS, ("", "-"), (1, 3)):
            assert read_pages(tenant, SIMULATION, limit, sort=sign + field, name="kEPT") == in_order(kept, sign + field)

    @pytest.mark.parametrize("part", ["%", "_", "\\", "\\\\", "%_", "0%", "100_", "[a-z]", "*", "?", "'", ";"])
    def test_wildcard_characters_match_literally(self, service: Service, part: str) -> None:
        tenant = service.tenant()
        for name in PLAIN:
            tenant.make(name=name)
        assert names(tenant, name=part) == sorted(name for name in PLAIN if part in name)

    @pytest.mark.parametrize(
        "part", ["ss", "SS", "ß", "ẞ", "i", "I", "i\u0307", "\u03c3", "ς", "Σ", "ﬃ", "FF", "🐐", "z"]
    )
    def test_names_match_by_case_folding(self, service: Service, part: str) -> None:
        tenant = service.tenant()
        made = {tenant.make(name=name)["name"] for name in NAMES}
        assert set(names(tenant, name=part)) == {name for name in made if part.casefold() in name.casefold()}

    @pytest.mark.parametrize("name", ["ΐ" * 300, "ﬃ" * 300, "ᾷ" * 300, "🐐" * 300, "ß" * 300])
    def test_longest_name_is_sorted_and_found(self, service: Service, name: str) -> None:
        tenant = service.tenant()
        made = [tenant.make(name=name) for _ in range(3)]
        assert read_pages(tenant, SIMULATION, 1, sort="-name") == in_order(made, "-name")
        assert names(tenant, name=name) == [name] * 3

    @before_storage
    def test_filter_by_an_impossible_name_is_refused(self, service: Service) -> None:
        tenant = service.tenant()
        for part in ("\x00", "a\nb", "x" * 301):
            assert violations(tenant.send("GET", SIMULATIONS, params={"name": part})) == {"name": "name"}

    @before_storage
    def test_cursor_is_bound_to_order_and_filters_but_not_to_limit(self, service: Service) -> None:
        tenant = with_runs(service)
        mine = {"sort": "name", "name": "a", "active_on": "2026-02-15"}
        cursor = tenant.send("GET", SIMULATIONS, params={**mine, "limit": "1"}).json()["next_cursor"]
        for limit in ("1", "2", "100"):
            answer = tenant.send("GET", SIMULATIONS, params={**mine, "limit": limit, "cursor": cursor})
            assert [item["name"] for item in answer.json()["items"]] == ["across"]
        others: list[dict[str, str]] = [
            {},
            {"name": "a", "active_on": "2026-02-15"},
            {**mine, "sort": "-name"},
            {**mine, "sort": "start_date"},
            {**mine, "name": "b"},
            {**mine, "active_on": "2026-02-14"},
            {**mine, "start_date_to": "2026-12-31"},
            {"sort": "name", "active_on": "2026-02-15"},
            {"sort": "name", "name": "a", "start_date_to": "2026-02-15", "end_date_to": "2026-02-15"},
        ]
        for other in others:
            expect_problem(tenant.send("GET", SIMULATIONS, params={**other, "cursor": cursor}), 400, "invalid_cursor")

    def test_next_link_keeps_the_query(self, service: Service) -> None:
        tenant = service.tenant()
        name = "50 % of A&B=C #1 é+ü <x>"
        for _ in range(3):
            tenant.make(name=f"{name}.")
        asked = {"sort": "-end_date", "name": name, "start_date_from": "2026-01-05"}
        query = {"limit": "1", **asked}
        answer = tenant.send("GET", SIMULATIONS, params=query)
        link = urlsplit(answer.links["next"]["url"])
        assert link.path == SIMULATIONS
        assert dict(parse_qsl(link.query)) == {**query, "cursor": answer.json()["next_cursor"]}
        assert len(read_pages(tenant, SIMULATION, 1, **asked)) == 3

    @before_storage
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("sort=name_folded", {"sort": "unknown_value"}),
            ("active_on=2026-02-30", {"active_on": "date"}),
            ("active_on=20260215", {"active_on": "date"}),
            ("start_date_from=now", {"start_date_from": "date"}),
            ("end_date_to=0000-01-01", {"end_date_to": "date"}),
            ("end_date_to=10000-01-01", {"end_date_to": "date"}),
            ("start_date=2026-01-01", {"start_date": "unknown"}),
            ("sort=updated_at", {"sort": "unknown_value"}),
            ("sort=labels.a", {"sort": "unknown_value"}),
            ("where=parameters.a=1", {"where": "unknown"}),
            ("status=queued", {"status": "unknown"}),
            ("label=-a", {"label": "label"}),
            ("label=a:" + "x" * 256, {"label": "label"}),
            ("&".join(["label=a"] * 11), {"label": "repeated"}),
        ],
    )
    def test_invalid_parameter_is_named(self, service: Service, query: str, expected: dict[str, str]) -> None:
        assert violations(service.tenant().send("GET", f"{SIMULATIONS}?{query}")) == expected

    def test_paging_continues_after_the_first_and_last_possible_day(self, service: Service) -> None:
        tenant = service.tenant()
        days = (date.min.isoformat(), date.max.isoformat())
        made = [
            tenant.make(start_date=start, end_date=end)
            for start, end in (2 * days[:1], days, 2 * days[1:])
            for _ in range(2)
        ]
        for sort in ("start_date", "-start_date", "end_date", "-end_date"):
            assert read_pages(tenant, SIMULATION, 1, sort=sort) == in_order(made, sort)
