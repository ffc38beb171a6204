"""Validation of requests, for every kind of entity."""

import json
from typing import Any

import pytest

from tests.contracts.field_values import as_json
from tests.contracts.http_service import Service, Tenant, before_storage, expect_problem, expect_violations
from tests.contracts.resources import RESOURCES, ResourceCase, ResourceFixtures, Violations, every_contradiction

REFUSED = [
    pytest.param(resource, members, expected, id=f"{resource.plural}-{next(iter(members))}-{number}")
    for resource in RESOURCES
    for number, (members, expected) in enumerate(resource.refused)
]
JSON = {"Content-Type": "application/json"}


class ValidationContract(ResourceFixtures):
    """Invalid members, bodies and content types."""

    @before_storage
    @pytest.mark.parametrize(("resource", "members", "expected"), REFUSED)
    def test_invalid_member_is_named(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        self._is_refused_by_every_write(service, resource, members, expected)

    @before_storage
    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"owner": "x"}, {"#/owner": "unknown"}),
            ({"id": "x", "created_at": "x"}, {"#/id": "unknown", "#/created_at": "unknown"}),
            ({"a/b~c d": 1}, {"#/a~1b~0c%20d": "unknown"}),
            ({"\ud800": 1}, {"#": "invalid_unicode"}),
        ],
    )
    def test_unknown_member_is_named(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        self._is_refused_by_every_write(service, resource, members, expected)

    @staticmethod
    def _is_refused_by_every_write(
        service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        def make() -> tuple[Tenant, str]:
            tenant = service.tenant()
            return tenant, resource.path_of(tenant.make(resource))

        tenant, path = service.once(f"a {resource.kind} that is never changed", make)
        for method, at, sent in [
            ("POST", resource.path, resource.body | members),
            ("PUT", path, resource.body | members),
            ("PATCH", path, members),
        ]:
            expect_violations(tenant.send(method, at, content=json.dumps(sent), headers=JSON), expected)

    @every_contradiction
    def test_contradiction_between_members_is_named(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        for method, at in (("POST", resource.path), ("PUT", path)):
            expect_violations(tenant.send(method, at, json=resource.body | members), expected)

    @every_contradiction
    def test_change_that_contradicts_stored_members_is_refused(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        tenant = service.tenant()
        made = tenant.make(resource)
        expect_violations(tenant.send("PATCH", resource.path_of(made), json=members), expected)
        assert tenant.send("GET", resource.path_of(made)).json() == made

    def test_boundary_values_are_accepted(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for members in resource.edges:
            made = tenant.make(resource, **{name: as_json(value) for name, value in members.items()})
            assert made.items() >= resource.kept(members).items()

    @before_storage
    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b"", 400, "malformed_json"),
            (b"{", 400, "malformed_json"),
            (b"\xff\xfe", 400, "malformed_json"),
            (b"\xef\xbb\xbf{}", 400, "malformed_json"),
            (b'{"name": NaN}', 400, "malformed_json"),
            (b'{"name": Infinity}', 400, "malformed_json"),
            (b'{"name": "a", "name": "b"}', 422, "validation_failed"),
            (b"[" * 10_000 + b"]" * 10_000, 422, "validation_failed"),
            (b'{"name": ' + b"1" * 5000 + b"}", 422, "validation_failed"),
            (b'{"name": 1e999}', 422, "validation_failed"),
            (b"[]", 422, "validation_failed"),
            (b"null", 422, "validation_failed"),
            (b'"x"', 422, "validation_failed"),
            (b" " * ((1 << 20) + 1), 413, "body_too_large"),
        ],
    )
    def test_malformed_and_non_object_bodies_are_refused(
        self, service: Service, resource: ResourceCase, content: bytes, status: int, code: str
    ) -> None:
        expect_problem(service.tenant().send("POST", resource.path, content=content, headers=JSON), status, code)

    @before_storage
    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": ""},
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/json; charset=latin-1"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            {"Content-Type": "application/json", "Content-Encoding": "identity"},
        ],
    )
    def test_other_content_types_are_refused(
        self, service: Service, resource: ResourceCase, headers: dict[str, str]
    ) -> None:
        answer = service.tenant().send("POST", resource.path, content=json.dumps(resource.body), headers=headers)
        expect_problem(answer, 415, "unsupported_media_type")

    @pytest.mark.parametrize("given", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"])
    def test_json_content_type_is_accepted_in_every_spelling(
        self, service: Service, resource: ResourceCase, given: str
    ) -> None:
        headers = {"Content-Type": given}
        answer = service.tenant().send("POST", resource.path, content=json.dumps(resource.body), headers=headers)
        assert answer.status_code == 201
