"""Lists over HTTP, of every kind of entity: orders, filters, cursors and links, as clients are promised them."""

from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from app.container import Container
from config.settings import Settings
from tests.contracts.http_service import (
    KEYS,
    NEW_KEY,
    SECRET_BEFORE,
    Service,
    Tenant,
    expect_problem,
    violations,
)
from tests.contracts.resources import RESOURCES, Json, OfResources, ResourceCase, every_order

PARAMETERS = [
    pytest.param(resource, name, value, id=f"{resource.plural}-{name}")
    for resource in RESOURCES
    for name, value in {"limit": "1", "sort": resource.orders[0], **dict(resource.asked_for())}.items()
]
"""Every parameter of every list but for the cursor, with a value that it takes."""
every_parameter = pytest.mark.parametrize(("resource", "name", "value"), PARAMETERS)


def walked(tenant: Tenant, resource: ResourceCase, limit: int, **query: str) -> list[Json]:
    """All objects, page by page, by the links alone."""
    found: list[Any] = []
    path: str | None = resource.path
    params: dict[str, str] | None = {"limit": str(limit), **query}
    while path:
        answer = tenant.send("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        path, params = answer.links.get("next", {}).get("url"), None
        assert path is None or len(answer.json()["items"]) == limit
    return found


def with_varied(service: Service, resource: ResourceCase) -> tuple[Tenant, list[Json]]:
    """A tenant with nine objects, of which some are alike in each member."""
    tenant = service.tenant()
    return tenant, [tenant.make(resource, **resource.varied(number)) for number in range(9)]


class ListsContract(OfResources):
    """Every order, filter and cursor."""

    @every_order
    def test_a_list_comes_in_any_order_and_ties_go_by_id(
        self, service: Service, resource: ResourceCase, order: str
    ) -> None:
        tenant, made = with_varied(service, resource)
        for limit in (2, 4, 100):
            assert walked(tenant, resource, limit, sort=order) == resource.in_order(made, order)

    def test_the_newest_come_first_unless_asked_otherwise(self, service: Service, resource: ResourceCase) -> None:
        tenant, made = with_varied(service, resource)
        assert walked(tenant, resource, 2) == walked(tenant, resource, 100, sort="-created_at") == made[::-1]

    def test_a_filter_leaves_what_fulfils_it(self, service: Service, resource: ResourceCase) -> None:
        tenant, made = with_varied(service, resource)
        left: dict[str, set[int]] = {name: set() for name, _ in resource.asked_for()}
        for name, value in resource.asked_for():
            expected = [one for one in made if resource.fulfils(one, name, value)]
            left[name].add(len(expected))
            assert walked(tenant, resource, 2, **{name: value}) == expected[::-1], (name, value)
        # Each of them leaves some and not all, for one value at least.
        assert all(any(0 < number < len(made) for number in numbers) for numbers in left.values())

    @every_order
    def test_filters_work_alike_in_every_order_and_on_every_page(
        self, service: Service, resource: ResourceCase, order: str
    ) -> None:
        tenant, made = with_varied(service, resource)
        for (name, value), limit in product(dict(resource.asked_for()).items(), (1, 3)):
            kept = [one for one in made if resource.fulfils(one, name, value)]
            assert walked(tenant, resource, limit, sort=order, **{name: value}) == resource.in_order(kept, order)

    def test_all_filters_have_to_hold(self, service: Service, resource: ResourceCase) -> None:
        tenant, made = with_varied(service, resource)
        for (name, value), (other, wanted) in product(resource.asked_for(), dict(resource.asked_for()).items()):
            if name != other:
                both = {name: value, other: wanted}
                expected = [one for one in made if all(resource.fulfils(one, *each) for each in both.items())]
                assert walked(tenant, resource, 100, **both) == expected[::-1], both

    def test_a_cursor_serves_its_order_and_filters_alone_and_any_limit(
        self, service: Service, resource: ResourceCase
    ) -> None:
        tenant, made = with_varied(service, resource)
        order, *others = resource.orders
        cursor = tenant.send("GET", resource.path, params={"sort": order, "limit": "1"}).json()["next_cursor"]
        for limit in ("1", "2", "100"):
            answer = tenant.send("GET", resource.path, params={"sort": order, "limit": limit, "cursor": cursor})
            assert answer.json()["items"] == resource.in_order(made, order)[1:][: int(limit)]
        wrong: list[dict[str, str]] = [
            {},
            *({"sort": other} for other in others),
            *({"sort": order, name: value} for name, value in resource.asked_for()),
        ]
        for query in wrong:
            refused = tenant.send("GET", resource.path, params={**query, "cursor": cursor})
            expect_problem(refused, 400, "invalid_cursor")

    def test_a_cursor_serves_the_value_of_its_filter_alone(self, service: Service, resource: ResourceCase) -> None:
        tenant, _ = with_varied(service, resource)
        served = 0
        for name, value in resource.asked_for():
            page = tenant.send("GET", resource.path, params={name: value, "limit": "1"}).json()
            if page["next_cursor"] is not None:
                query = {"cursor": page["next_cursor"]}
                assert tenant.send("GET", resource.path, params={name: value, **query}).status_code == 200
                for other in (other for each, other in resource.asked_for() if each == name and other != value):
                    refused = tenant.send("GET", resource.path, params={name: other, **query})
                    expect_problem(refused, 400, "invalid_cursor")
                expect_problem(tenant.send("GET", resource.path, params=query), 400, "invalid_cursor")
                served += 1
        assert served >= len(dict(resource.asked_for()))

    def test_the_default_order_may_be_said_or_not(self, service: Service, resource: ResourceCase) -> None:
        tenant, _ = with_varied(service, resource)
        cursor = tenant.send("GET", resource.path, params={"limit": 1}).json()["next_cursor"]
        answer = tenant.send("GET", resource.path, params={"sort": "-created_at", "cursor": cursor})
        assert answer.status_code == 200

    @every_parameter
    def test_a_link_keeps_the_query(self, service: Service, resource: ResourceCase, name: str, value: str) -> None:
        tenant, _ = with_varied(service, resource)
        query = {"limit": "1", name: value}
        answer = tenant.send("GET", resource.path, params=query)
        link = urlsplit(answer.links["next"]["url"])
        assert link.path == resource.path
        assert dict(parse_qsl(link.query)) == {**query, "cursor": answer.json()["next_cursor"]}

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("sort=id", {"sort": "unknown_value"}),
            ("sort=--created_at", {"sort": "unknown_value"}),
            ("sort=%2Bcreated_at", {"sort": "unknown_value"}),
            ("sort=created_at,id", {"sort": "unknown_value"}),
            ("sort=CREATED_AT", {"sort": "unknown_value"}),
            ("owner=x", {"owner": "unknown"}),
            ("Limit=1", {"Limit": "unknown"}),
            ("limit=x&sort=x", {"limit": "limit", "sort": "unknown_value"}),
        ],
    )
    def test_a_wrong_parameter_is_named(
        self, service: Service, resource: ResourceCase, query: str, expected: dict[str, str]
    ) -> None:
        assert violations(service.tenant().send("GET", f"{resource.path}?{query}")) == expected

    @every_parameter
    def test_a_repeated_parameter_is_refused(
        self, service: Service, resource: ResourceCase, name: str, value: str
    ) -> None:
        answer = service.tenant().send("GET", resource.path, params=[(name, value), (name, value)])
        assert violations(answer) == {name: "repeated"}

    @every_parameter
    def test_an_empty_parameter_is_refused(
        self, service: Service, resource: ResourceCase, name: str, value: str
    ) -> None:
        for query in (f"{name}=", name):
            answer = service.tenant().send("GET", f"{resource.path}?{query}")
            errors = expect_problem(answer, 422, "validation_failed")["errors"]
            assert errors[0] == {"parameter": name, "code": "empty", "detail": errors[0]["detail"]}
            assert {error["parameter"] for error in errors} == {name}

    def test_keys_have_no_order_or_filter_of_their_own(self, service: Service) -> None:
        tenant = service.tenant()
        assert violations(tenant.send("GET", f"{KEYS}?sort=name")) == {"sort": "unknown"}
        assert violations(tenant.send("GET", f"{KEYS}?name=a")) == {"name": "unknown"}

    def test_keys_are_listed_newest_first_in_pages(self, service: Service) -> None:
        tenant = service.tenant()
        made = [tenant.send("POST", KEYS, json=NEW_KEY).json()["id"] for _ in range(4)]
        found: list[str] = []
        path: str | None = f"{KEYS}?limit=2"
        while path:
            answer = tenant.send("GET", path)
            found += [item["id"] for item in answer.json()["items"]]
            path = answer.links.get("next", {}).get("url")
        assert found == [*made[::-1], str(tenant.key_id)]

    def test_a_cursor_of_the_secret_before_still_opens(self, service: Service, resource: ResourceCase) -> None:
        tenant, made = with_varied(service, resource)
        order = resource.orders[-1]

        def first_page_by(secret: str) -> str:
            settings = Settings(secret_key=SecretStr(secret))
            before = Container(settings=settings, storage=service.container.storage())
            headers, query = {"X-API-Key": tenant.key}, {"limit": "2", "sort": order}
            (answer,) = service.together(
                [lambda http: http.get(resource.path, params=query, headers=headers)], before.api()
            )
            return str(answer.json()["next_cursor"])

        query = {"sort": order, "cursor": first_page_by(SECRET_BEFORE)}
        answer = tenant.send("GET", resource.path, params=query)
        assert answer.json()["items"] == resource.in_order(made, order)[2:]
        query["cursor"] = first_page_by("z" * 32)
        expect_problem(tenant.send("GET", resource.path, params=query), 400, "invalid_cursor")

    @every_order
    def test_a_cursor_goes_on_where_the_object_was_that_it_named(
        self, service: Service, resource: ResourceCase, order: str
    ) -> None:
        tenant, made = with_varied(service, resource)
        page = tenant.send("GET", resource.path, params={"limit": 4, "sort": order}).json()
        last = page["items"][-1]
        tenant.send("DELETE", resource.path_of(last))
        kept = [one for one in made if one != last]
        kept += [
            tenant.make(resource, **resource.varied(number) | resource.unique(number + 100)) for number in range(3)
        ]
        rest = tenant.send("GET", resource.path, params={"sort": order, "cursor": page["next_cursor"]}).json()
        after = resource.in_order([*kept, last], order)
        assert rest["items"] == after[after.index(last) + 1 :]

    def test_the_least_and_the_greatest_values_can_be_walked_over(
        self, service: Service, resource: ResourceCase
    ) -> None:
        tenant = service.tenant()
        unique = resource.unique(0).keys()
        edges = [members for members in resource.edges for _ in range(1 if unique & members.keys() else 2)]
        made = [tenant.make(resource, **resource.kept(members)) for members in edges]
        for order in resource.orders:
            assert walked(tenant, resource, 1, sort=order) == resource.in_order(made, order)
