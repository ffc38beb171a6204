"""What owners try with what is another's: it is answered, to the byte, as what never was."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.contracts.document import OPERATIONS
from tests.contracts.resources import RESOURCES, SIMULATION, Json, ResourceCase
from tests.contracts.tags import key_tag, tag_of
from tests.isolation.model import Key, Owner
from tests.isolation.report_rules import REPORTS, SIMULATIONS
from tests.isolation.resource_rules import contradicting, one_of_two, whole
from tests.isolation.tenants import PICK, WHO, unknown
from tests.isolation.webhook_rules import WebhookRules

NAMING = sorted(operation.id for operation in OPERATIONS.values() if operation.names_an_object)
KEYED = sorted(operation.id for operation in OPERATIONS.values() if operation.scopes is not None)
LISTS = sorted(operation.id for operation in OPERATIONS.values() if operation.place)
KINDS = {
    resource.operation(verb): resource
    for resource in RESOURCES
    for verb in ("get", "replace", "update", "amend", "delete", "restore", "revisions")
} | dict.fromkeys(REPORTS, SIMULATIONS)
"""What the id in the path is of; of all others that have one it is of a webhook or a key."""
OF_WEBHOOKS = {
    "get_webhook": None,
    "delete_webhook": None,
    "list_webhook_deliveries": None,
    "update_webhook": {"description": "x"},
    "roll_webhook": {},
    "request_webhook_delivery": {},
}
"""What is sent with operations on a webhook."""


def body_of(operation: str, owner: Owner, pick: int) -> Json | None:
    """What this owner sends with this operation on one object."""
    if operation in OF_WEBHOOKS:
        return OF_WEBHOOKS[operation]
    verb, resource = operation.partition("_")[0], KINDS.get(operation)
    if resource is None:
        return {"overlap_seconds": pick % 3600} if verb == "roll" else None
    changes = [{}, resource.named(owner.marker), contradicting(resource), one_of_two(resource, 1)]
    bodies: dict[str, Json] = {
        "replace": whole(resource, owner, pick),
        "update": changes[pick % 4],
        "amend": changes[pick % 4],
        "restore": {"version": 1 + pick % 4},
    }
    return bodies.get(verb)


FIRST = ", ".join([key_tag(1), *(tag_of(each, 1) for each in RESOURCES)])
"""The tags of the first version of whatever it is."""
CONDITIONS: list[dict[str, str]] = [{}, {}, {"If-Match": "*"}, {"If-Match": FIRST}, {"If-None-Match": "*"}]


class ForeignRules(WebhookRules):
    """Others' ids, cursors, idempotency keys and keys."""

    @rule(who=WHO, pick=PICK, what=PICK, operation=st.sampled_from(NAMING), condition=st.sampled_from(CONDITIONS))
    def name_anothers(self, who: int, pick: int, what: int, operation: str, condition: dict[str, str]) -> None:
        owner, other = self.owners[who], self.owners[(who + 1 + pick % 2) % 3]
        key = self.able(owner, operation, pick) if what % 4 else self.key_of(owner, pick // 2)
        self._name(owner, key, operation, other.ids()[pick // 2 % len(other.ids())], what, headers=condition)

    @rule(who=WHO, pick=PICK, what=PICK, operation=st.sampled_from(NAMING))
    def name_anothers_of_this_kind(self, who: int, pick: int, what: int, operation: str) -> None:
        owner, other = self.owners[who], self.owners[(who + 1 + pick % 2) % 3]
        key = self.able(owner, operation, pick)
        self._name(owner, key, operation, self._id_of(other, operation, pick), what)

    def _id_of(self, owner: Owner, operation: str, pick: int) -> str:
        """The id of something of this owner's that the operation is for."""
        if operation in KINDS:
            return self._own(owner, KINDS[operation], pick).id
        if operation in OF_WEBHOOKS:
            return self._own_webhook(owner, pick)
        return self._own_key(owner, pick).id

    def _name(self, owner: Owner, key: Key, operation: str, id: str, what: int, **more: Any) -> None:
        """Asks for what has this id, which is not this owner's, as for what nobody has."""
        said = OPERATIONS[operation]
        more["body"] = body_of(operation, owner, what)
        if said.method == "GET" and what % 2:
            more["method"] = "HEAD"
        answer = self.twins(owner, key, operation, {**more, "id": id}, {**more, "id": unknown()})
        if "method" in more:
            assert answer.status == (404 if key.may(said.scopes) else 403)
        elif key.may(said.scopes):
            kind = "webhook" if operation in OF_WEBHOOKS else "key"
            self.is_refused(answer, 404, KINDS[operation].not_found if operation in KINDS else f"{kind}_not_found")
        else:
            self.is_refused(answer, 403, "missing_scope")

    @rule(who=WHO, pick=PICK, operation=st.sampled_from(LISTS), theirs=PICK)
    def go_on_from_anothers_cursor(self, who: int, pick: int, operation: str, theirs: int) -> None:
        owner, other = self.owners[who], self.owners[(who + 1 + pick % 2) % 3]
        lists = [places for listing, places in other.cursors.items() if listing.startswith(operation)]
        if not lists:
            self.follow((who + 1 + pick % 2) % 3, pick, 1, "first")  # of the feed there always is one
            lists = [other.cursors["list_changes"]]
        given = [text for places in lists for text, _ in places]
        cursor, place = given[theirs % len(given)], OPERATIONS[operation].place
        assert place is not None
        key = self.able(owner, operation, pick)
        forged = (uuid4().hex * 20)[: len(cursor)]
        names: dict[str, Any] = (
            {"id": self._id_of(owner, operation, pick)} if "{id}" in OPERATIONS[operation].path else {}
        )
        answer = self.twins(
            owner, key, operation, {**names, "query": {place: cursor}}, {**names, "query": {place: forged}}
        )
        self.is_refused(answer, 400, "invalid_cursor")
        self.foreign[f"{operation} {place}"] += 1

    @rule(who=WHO, pick=PICK, operation=st.sampled_from(KEYED))
    def show_two_keys_at_once(self, who: int, pick: int, operation: str) -> None:
        owner, other = self.owners[who], self.owners[(who + 1 + pick % 2) % 3]
        said = OPERATIONS[operation]
        headers = {"Authorization": f"Bearer {other.keys[0].text}"}
        names: dict[str, Any] = {"id": self._id_of(other, operation, pick)} if said.names_an_object else {}
        request_id = self.request_id(None)
        both = self.ask(None, owner.keys[0], operation, headers=headers, request_id=request_id, **names)
        nobody = self.ask(None, None, operation, request_id=request_id, **names)
        self.is_refused(both, 401, "unauthenticated")
        assert both.unechoed == nobody.unechoed

    @rule(who=WHO, pick=PICK, known=st.booleans())
    def ask_what_a_problem_means(self, who: int, pick: int, known: bool) -> None:
        owner, other = self.owners[who], self.owners[(who + 1) % 3]
        if known:
            answer = self.ask(None, owner.keys[0], "get_problem", name=SIMULATION.not_found.replace("_", "-"))
            assert (answer.status, answer.json["code"]) == (200, SIMULATION.not_found)
        else:
            ids = other.ids()
            answer = self.twins(
                owner, owner.keys[0], "get_problem", {"name": ids[pick % len(ids)]}, {"name": unknown()}
            )
            self.is_refused(answer, 404, "not_found")

    @rule(who=WHO)
    def probe(self, who: int) -> None:
        for operation in ("livez", "readyz"):
            answer = self.ask(None, self.owners[who].keys[0], operation)
            assert (answer.status, answer.json) == (200, {"status": "ok"})

    def teardown(self) -> None:
        """Whatever chance has left out so far is tried now."""
        for operation, try_it in self._rules().items():
            if not self.foretold[operation]:
                try_it()
        for operation in NAMING:
            if not self.foreign[operation]:
                self.name_anothers_of_this_kind(0, 0, 1, operation)
        for operation in LISTS:
            if not self.foreign[f"{operation} {OPERATIONS[operation].place}"]:
                self.go_on_from_anothers_cursor(0, 0, operation, 0)
        super().teardown()

    def _rules(self) -> dict[str, Callable[[], None]]:
        """What is left to chance, by its operation."""
        return {
            **{operation: rule for resource in RESOURCES for operation, rule in self._rules_of(resource).items()},
            **{operation: partial(self.report, 0, 0, operation) for operation in REPORTS},
            "create_key": partial(self.create_key, 0, 0, None),
            "get_key": partial(self.get_key, 0, 0),
            "roll_key": partial(self.roll_key, 0, 0),
            "revoke_key": partial(self.revoke_key, 0, 1, None),
            "create_webhook": partial(self.create_webhook, 0, 0, None),
            "get_webhook": partial(self.get_webhook, 0, 0),
            "update_webhook": partial(self.update_webhook, 0, 0),
            "roll_webhook": partial(self.roll_webhook, 0, 0),
            "delete_webhook": partial(self.delete_webhook, 0, 0),
            "list_webhooks": partial(self.list_webhooks, 0, 0, 100, goes_on=False),
            "list_webhook_deliveries": partial(self.list_webhook_deliveries, 0, 0, 100),
            "request_webhook_delivery": partial(self.request_webhook_delivery, 0, 0),
            "whoami": partial(self.whoami, 0, 0),
            "get_problem": partial(self.ask_what_a_problem_means, 0, 0, known=True),
            "livez": partial(self.probe, 0),
            "readyz": partial(self.probe, 0),
        }

    def _rules_of(self, resource: ResourceCase) -> dict[str, Callable[[], None]]:
        changes = {
            resource.operation(verb): partial(self.write, 0, resource, pick=0, what=0, verb=verb, condition=None)
            for verb in ("replace", "update", "amend")
        }
        return {
            **changes,
            resource.operation("batch"): partial(self.create_many, 0, resource, 0),
            resource.operation("get"): partial(self.get, 0, resource, 0, "GET", has=False),
            resource.operation("delete"): partial(self.delete, 0, resource, 0, None),
            resource.operation("restore"): partial(self.restore, 0, resource, 0, 1, None),
        }
