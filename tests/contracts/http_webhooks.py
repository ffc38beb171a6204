"""Webhooks over HTTP."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.webhooks.webhook import DisabledReason
from tests.contracts.http_service import STAMP, Service, Tenant, expect_problem, violations
from tests.factories import DeliveryFactory

WEBHOOKS = "/api/v1/webhooks"
NEW: dict[str, Any] = {"url": "https://hooks.example.com/a?b=c", "kinds": ["run"]}
SECRET = "whsec_" + base64.b64encode(b"x" * 24).decode()


def make(tenant: Tenant, **members: Any) -> Any:
    answer = tenant.send("POST", WEBHOOKS, json=NEW | members)
    assert answer.status_code == 201, answer.text
    return answer.json()


class WebhookRefusalsContract:
    """What is refused whatever the storage."""

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"url": "http://hooks.example.com"}, {"#/url": "not_https"}),
            ({"url": "https://169.254.169.254/latest"}, {"#/url": "address_refused"}),
            ({"url": "https://[::ffff:10.0.0.1]:8443"}, {"#/url": "address_refused"}),
            ({"url": "ftp://hooks.example.com"}, {"#/url": "pattern"}),
            ({"url": "https://user:pass@hooks.example.com"}, {"#/url": "pattern"}),
            ({"url": "https://[ab.cd]"}, {"#/url": "pattern"}),
            ({"url": "https:///path"}, {"#/url": "pattern"}),
            ({"url": "https://hooks.example.com:99999/"}, {"#/url": "pattern"}),
            ({"url": "https://hooks.example.com/#part"}, {"#/url": "pattern"}),
            ({"url": "https://hooks.example.com/ö"}, {"#/url": "pattern"}),
            ({"url": ""}, {"#/url": "too_short"}),
            ({"url": 1}, {"#/url": "wrong_type"}),
            ({"kinds": []}, {"#/kinds": "too_few"}),
            ({"kinds": ["key"]}, {"#/kinds/0": "unknown_value"}),
            ({"kinds": ["run", "run"]}, {"#/kinds": "repeated"}),
            ({"secret": "whsec_AAAA"}, {"#/secret": "malformed"}),
            ({"secret": "x" * 40, "url": "http://a.example"}, {"#/secret": "malformed", "#/url": "not_https"}),
            ({"disabled_reason": None}, {"#/disabled_reason": "unknown"}),
        ],
    )
    def test_invalid_member_of_a_webhook_is_named(self, service: Service, members: Any, expected: Any) -> None:
        tenant = service.once("webhooks", service.tenant)
        assert violations(tenant.send("POST", WEBHOOKS, json=NEW | members)) == expected

    def test_webhook_sends_only_what_the_key_may_read(self, service: Service) -> None:
        tenant = service.tenant("webhooks:manage", "runs:read")
        expect_problem(tenant.send("POST", WEBHOOKS, json=NEW | {"kinds": ["run", "simulation"]}), 403, "missing_scope")
        path = f"{WEBHOOKS}/{make(tenant)['id']}"
        expect_problem(tenant.send("PATCH", path, json={"kinds": ["simulation"]}), 403, "missing_scope")
        assert tenant.send("PATCH", path, json={"url": "https://other.example"}).status_code == 200
        for method, place in (("GET", WEBHOOKS), ("GET", path), ("DELETE", path), ("GET", f"{path}/deliveries")):
            expect_problem(service.tenant("runs:read").send(method, place), 403, "missing_scope")


class WebhooksContract:
    """Creating, reading, changing and deleting webhooks; their secrets and deliveries."""

    def test_secret_of_a_webhook_is_shown_once(self, service: Service) -> None:
        tenant = service.tenant()
        answer = tenant.send("POST", WEBHOOKS, json=NEW | {"description": "Chat"})
        body = answer.json()
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "private, no-cache, no-store"
        secret = body.pop("secret")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
        assert STAMP.fullmatch(body["created_at"])
        assert body == NEW | {
            "id": body["id"],
            "description": "Chat",
            "enabled": True,
            "disabled_reason": None,
            "previous_secret_until": None,
            "created_at": body["created_at"],
            "updated_at": body["created_at"],
        }
        again = tenant.send("GET", answer.headers["location"])
        assert again.json() == body
        assert again.headers["etag"] == answer.headers["etag"]
        listed = tenant.send("GET", WEBHOOKS)
        assert listed.json() == {"items": [body], "next_cursor": None}
        known = {"If-None-Match": answer.headers["etag"]}
        assert tenant.send("GET", answer.headers["location"], headers=known).status_code == 304

    def test_repeated_creation_shows_no_secret(self, service: Service) -> None:
        tenant = service.tenant()
        key = {"Idempotency-Key": str(uuid4())}
        first, again = (tenant.send("POST", WEBHOOKS, json=NEW, headers=key) for _ in range(2))
        assert again.status_code == 201
        assert again.json() == first.json() | {"secret": None}
        assert again.headers["idempotency-replayed"] == "true"
        assert len(tenant.send("GET", WEBHOOKS).json()["items"]) == 1

    def test_webhooks_of_others_are_unknown(self, service: Service) -> None:
        path = f"{WEBHOOKS}/{make(service.tenant())['id']}"
        stranger = service.tenant()
        for method, place, body in (
            ("GET", path, None),
            ("PATCH", path, {"enabled": False}),
            ("DELETE", path, None),
            ("POST", f"{path}/roll", {}),
            ("GET", f"{path}/deliveries", None),
            ("POST", f"{path}/deliveries", {}),
        ):
            sent = {} if body is None else {"json": body}
            expect_problem(stranger.send(method, place, **sent), 404, "webhook_not_found")

    def test_update_changes_what_is_sent(self, service: Service) -> None:
        tenant = service.tenant()
        made = make(tenant, secret=SECRET)
        path = f"{WEBHOOKS}/{made['id']}"
        tag = tenant.send("GET", path).headers["etag"]
        changed = tenant.send("PATCH", path, json={"description": "Chat", "enabled": False}, headers={"If-Match": tag})
        assert changed.status_code == 200, changed.text
        expected = {key: made[key] for key in made if key != "secret"}
        expected |= {"description": "Chat", "enabled": False, "updated_at": changed.json()["updated_at"]}
        assert changed.json() == expected
        expect_problem(
            tenant.send("PATCH", path, json={"enabled": True}, headers={"If-Match": tag}), 412, "precondition_failed"
        )
        assert violations(tenant.send("PATCH", path, json={"url": "http://a.example"})) == {"#/url": "not_https"}
        assert violations(tenant.send("PATCH", path, json={"url": "https://127.0.0.1"})) == {"#/url": "address_refused"}
        assert tenant.send("GET", path).json() == expected

    def test_webhook_that_was_disabled_can_be_enabled_again(self, service: Service) -> None:
        tenant = service.tenant()
        made = make(tenant)
        repository = service.container.storage().webhooks.of(tenant.owner)
        context = service.container.delivering().context()

        async def disable() -> None:
            await repository.change(
                UUID(made["id"]),
                lambda stored: stored.disable(reason=DisabledReason.GONE, now=service.clock()),
                context,
            )

        service.call(disable)
        path = f"{WEBHOOKS}/{made['id']}"
        assert tenant.send("GET", path).json()["disabled_reason"] == "gone"
        assert tenant.send("PATCH", path, json={"description": "Chat"}).json()["disabled_reason"] == "gone"
        enabled = tenant.send("PATCH", path, json={"enabled": True}).json()
        assert (enabled["enabled"], enabled["disabled_reason"]) == (True, None)

    def test_rolled_secret_overlaps_with_the_previous_one(self, service: Service) -> None:
        tenant = service.tenant()
        made = make(tenant)
        path = f"{WEBHOOKS}/{made['id']}"
        rolled = tenant.send("POST", f"{path}/roll", json={"overlap_seconds": 60})
        assert rolled.status_code == 200, rolled.text
        assert rolled.headers["cache-control"] == "private, no-cache, no-store"
        body = rolled.json()
        assert body["secret"] not in {None, made["secret"]}
        assert STAMP.fullmatch(body["previous_secret_until"])
        assert self.signing(service, tenant, made["id"]) == [body["secret"], made["secret"]]
        service.clock.passes(timedelta(seconds=61))
        assert self.signing(service, tenant, made["id"]) == [body["secret"]]
        chosen = [tenant.send("POST", f"{path}/roll", json={"overlap_seconds": 0, "secret": SECRET}) for _ in range(2)]
        assert chosen[0].headers["etag"] == chosen[1].headers["etag"]
        assert [each.json()["secret"] for each in chosen] == [SECRET] * 2
        assert chosen[0].json()["previous_secret_until"] is None
        assert self.signing(service, tenant, made["id"]) == [SECRET]
        assert violations(tenant.send("POST", f"{path}/roll", json={"secret": "x"})) == {"#/secret": "malformed"}
        assert violations(tenant.send("POST", f"{path}/roll", json={"overlap_seconds": -1})) == {
            "#/overlap_seconds": "overlap"
        }

    def test_deleted_webhook_is_gone(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{WEBHOOKS}/{make(tenant)['id']}"
        assert tenant.send("DELETE", path).status_code == 204
        for answer in (tenant.send("DELETE", path), tenant.send("GET", path)):
            expect_problem(answer, 404, "webhook_not_found")

    def test_deliveries_are_listed_and_repeated(self, service: Service) -> None:
        tenant = service.tenant()
        made = make(tenant)
        path = f"{WEBHOOKS}/{made['id']}"
        assert tenant.send("GET", f"{path}/deliveries").json() == {"items": [], "next_cursor": None}
        deliveries = DeliveryFactory.build_batch(3, owner_id=tenant.owner, webhook_id=UUID(made["id"]))
        owned = service.container.storage().deliveries.of(tenant.owner)
        holder, now = uuid4(), service.clock()

        async def deliver() -> None:
            cursor = await owned.claim(UUID(made["id"]), holder, now, now + timedelta(seconds=9))
            assert cursor is not None
            await owned.save(UUID(made["id"]), holder, cursor, None, deliveries)

        service.call(deliver)
        first = tenant.send("GET", f"{path}/deliveries?limit=2").json()
        rest = tenant.send("GET", f"{path}/deliveries?limit=2&cursor={first['next_cursor']}").json()
        listed = first["items"] + rest["items"]
        assert [each["id"] for each in listed] == [str(each.id) for each in reversed(deliveries)]
        assert listed[0] == {
            "id": str(deliveries[2].id),
            "message_id": deliveries[2].message_id,
            "type": "run.updated",
            "cause": "change",
            "attempt": 1,
            "created_at": "2026-11-22T08:00:00.123456Z",
            "status_code": 204,
            "duration_ms": 12,
            "answer": "",
            "error": None,
            "delivered": True,
            "next_attempt_at": None,
        }
        repeat = {"repeat": listed[1]["id"]}
        answer = tenant.send("POST", f"{path}/deliveries", json=repeat)
        assert (answer.status_code, answer.content) == (202, b"")
        for again in (repeat, {}):
            expect_problem(tenant.send("POST", f"{path}/deliveries", json=again), 409, "delivery_requested")
        other = f"{WEBHOOKS}/{make(tenant)['id']}"
        for unknown in (str(uuid4()), "no-uuid", listed[1]["id"]):
            answer = tenant.send("POST", f"{other}/deliveries", json={"repeat": unknown})
            assert violations(answer) == {"#/repeat": "unknown_delivery"}
        assert tenant.send("POST", f"{other}/deliveries", json={"repeat": None}).status_code == 202

    @staticmethod
    def signing(service: Service, tenant: Tenant, id: str) -> list[str]:
        """The secrets that sign now."""
        storage, secrets = service.container.storage(), service.container.use_cases.secrets()

        async def read() -> list[str]:
            webhook = await storage.webhooks.of(tenant.owner).get(UUID(id))
            opened = (secrets.open(each, tenant.owner, webhook.id) for each in webhook.sealed_secrets(service.clock()))
            return [each.text for each in opened if each is not None]

        return service.call(read)
