"""The contract of lists over HTTP for every kind of entity: sort orders, filters, cursors and links."""

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
    before_storage,
    expect_problem,
    of_the_request,
    violations,
)
from tests.contracts.resources import RESOURCES, Json, ResourceCase, ResourceFixtures, every_order

PARAMETERS = [
    pytest.param(resource, name, value, id=f"{resource.plural}-{name}")
    for resource in RESOURCES
    for name, value in {"limit": "1", "sort": resource.orders[0], **dict(resource.filter_queries())}.items()
]
"""Every parameter of every list except the cursor, with a valid value."""
every_parameter = pytest.mark.parametrize(("resource", "name", "value"), PARAMETERS)


def read_pages(tenant: Tenant, resource: ResourceCase, limit: int, **query: str) -> list[Json]:
    """Reads all objects page by page, following only the links."""
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


def reader(service: Service) -> Tenant:
    """A tenant for requests that are refused, or change nothing."""
    return service.once("reader", service.tenant)


def new_varied(service: Service, resource: ResourceCase) -> tuple[Tenant, list[Json]]:
    """A new tenant with nine objects that share some values of each member."""
    tenant = service.tenant()
    return tenant, [tenant.make(resource, **resource.varied(number)) for number in range(9)]


def with_varied(service: Service, resource: ResourceCase) -> tuple[Tenant, list[Json]]:
    """A tenant with nine objects that share some values of each member, to be read only."""
    return service.once(("varied", resource.kind), lambda: new_varied(service, resource))


class ListsContract(ResourceFixtures):
    """Every sort order, filter and cursor."""

    @every_order
    def test_list_supports_every_order_with_ties_by_id(
        self, service: Service, resource: ResourceCase, order: str
    ) -> None:
        tenant, made = with_varied(service, resource)
        for limit in (2, 4, 100):
            assert read_pages(tenant, resource, limit, sort=order) == resource.in_order(made, order)

    def test_default_order_is_newest_first(self, service: Service, resource: ResourceCase) -> None:
        tenant, made = with_varied(service, resource)
        assert read_pages(tenant, resource, 2) == read_pages(tenant, resource, 100, sort="-created_at") == made[::-1]

    def test_filter_returns_only_matching_objects(self, service: Service, resource: ResourceCase) -> None:
        tenant, made = with_varied(service, resource)
        left: dict[str, set[int]] = {name: set() for name, _ in resource.filter_queries()}
        for name, value in resource.filter_queries():
            expected = [one for one in made if resource.fulfils(one, name, value)]
            left[name].add(len(expected))
            assert read_pages(tenant, resource, 2, **{name: value}) == expected[::-1], (name, value)
        # Each filter matches some but not all objects, for at least one value.
        assert all(any(0 < number < len(made) for number in numbers) for numbers in left.values())

    @of_the_request
    @every_order
    def test_filters_apply_in_every_order_and_on_every_page(
        self, service: Service, resource: ResourceCase, order: str
    ) -> None:
        tenant, made = with_varied(service, resource)
        for (name, value), limit in product(dict(resource.filter_queries()).items(), (1, 3)):
            kept = [one for one in made if resource.fulfils(one, name, value)]
            assert read_pages(tenant, resource, limit, sort=order, **{name: value}) == resource.in_order(kept, order)

    @of_the_request
    def test_combined_filters_must_all_match(self, service: Service, resource: ResourceCase) -> None:
        tenant, made = with_varied(service, resource)
        for (name, value), (other, wanted) in product(
            resource.filter_queries(), dict(resource.filter_queries()).items()
        ):
            if name != other:
                both = {name: value, other: wanted}
                expected = [one for one in made if all(resource.fulfils(one, *each) for each in both.items())]
                assert read_pages(tenant, resource, 100, **both) == expected[::-1], both

    @before_storage
    def test_cursor_is_bound_to_order_and_filters_but_not_to_limit(
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
            *({"sort": order, name: value} for name, value in resource.filter_queries()),
        ]
        for query in wrong:
            refused = tenant.send("GET", resource.path, params={**query, "cursor": cursor})
            expect_problem(refused, 400, "invalid_cursor")

    @before_storage
    def test_cursor_is_bound_to_the_filter_value(self, service: Service, resource: ResourceCase) -> None:
        tenant, _ = with_varied(service, resource)
        checked = 0
        for name, value in resource.filter_queries():
            page = tenant.send("GET", resource.path, params={name: value, "limit": "1"}).json()
            if page["next_cursor"] is not None:
                query = {"cursor": page["next_cursor"]}
                assert tenant.send("GET", resource.path, params={name: value, **query}).status_code == 200
                for other in (other for each, other in resource.filter_queries() if each == name and other != value):
                    refused = tenant.send("GET", resource.path, params={name: other, **query})
                    expect_problem(refused, 400, "invalid_cursor")
                expect_problem(tenant.send("GET", resource.path, params=query), 400, "invalid_cursor")
                checked += 1
        assert checked >= len(dict(resource.filter_queries()))

    def test_cursor_is_valid_with_explicit_default_order(self, service: Service, resource: ResourceCase) -> None:
        tenant, _ = with_varied(service, resource)
        cursor = tenant.send("GET", resource.path, params={"limit": 1}).json()["next_cursor"]
        answer = tenant.send("GET", resource.path, params={"sort": "-created_at", "cursor": cursor})
        assert answer.status_code == 200

    @of_the_request
    @every_parameter
    def test_next_link_keeps_the_query(self, service: Service, resource: ResourceCase, name: str, value: str) -> None:
        tenant, _ = with_varied(service, resource)
        query = {"limit": "1", name: value}
        answer = tenant.send("GET", resource.path, params=query)
        link = urlsplit(answer.links["next"]["url"])
        assert link.path == resource.path
        assert dict(parse_qsl(link.query)) == {**query, "cursor": answer.json()["next_cursor"]}

    @before_storage
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
    def test_invalid_parameter_is_named(
        self, service: Service, resource: ResourceCase, query: str, expected: dict[str, str]
    ) -> None:
        assert violations(reader(service).send("GET", f"{resource.path}?{query}")) == expected

    @before_storage
    @every_parameter
    def test_repeated_parameter_is_refused(
        self, service: Service, resource: ResourceCase, name: str, value: str
    ) -> None:
        answer = reader(service).send("GET", resource.path, params=[(name, value), (name, value)])
        assert violations(answer) == {name: "repeated"}

    @before_storage
    @every_parameter
    def test_empty_parameter_is_refused(self, service: Service, resource: ResourceCase, name: str, value: str) -> None:
        for query in (f"{name}=", name):
            answer = reader(service).send("GET", f"{resource.path}?{query}")
            errors = expect_problem(answer, 422, "validation_failed")["errors"]
            assert errors[0] == {"parameter": name, "code": "empty", "detail": errors[0]["detail"]}
            assert {error["parameter"] for error in errors} == {name}

    @before_storage
    def test_list_of_keys_has_no_sort_or_filter(self, service: Service) -> None:
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

    @of_the_request
    def test_cursor_signed_with_the_previous_secret_is_accepted(self, service: Service, resource: ResourceCase) -> None:
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
    def test_cursor_stays_valid_after_its_object_is_deleted(
        self, service: Service, resource: ResourceCase, order: str
    ) -> None:
        tenant, made = new_varied(service, resource)
        page = tenant.send("GET", resource.path, params={"limit": 4, "sort": order}).json()
        last = page["items"][-1]
        tenant.send("DELETE", resource.path_of(last))
        kept = [one for one in made if one != last]
        kept += [tenant.make(resource, **resource.varied(number)) for number in range(9, 12)]
        rest = tenant.send("GET", resource.path, params={"sort": order, "cursor": page["next_cursor"]}).json()
        after = resource.in_order([*kept, last], order)
        assert rest["items"] == after[after.index(last) + 1 :]

    @of_the_request
    def test_paging_continues_after_boundary_values(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        edges = [resource.kept(members) for members in resource.edges]
        made = [tenant.make(resource, **each(members)) for members in edges for each in (dict, resource.repeatable)]
        for order in resource.orders:
            assert read_pages(tenant, resource, 1, sort=order) == resource.in_order(made, order)
