"""What owners do with objects of their own, of every kind: every status and every byte of a body is foretold."""

from itertools import product
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.contracts.resources import RESOURCES, Json, ResourceCase
from tests.contracts.tags import tag_of
from tests.isolation.byte_client import Answer
from tests.isolation.model import Key, Object, Owner, moment
from tests.isolation.tenants import PICK, WHO, Tenants

OBJECTS_MAX = 8  # of an owner and of each kind, but for those that an idempotency key makes
IDEMPOTENCY_KEYS = st.sampled_from([None, None, "shared-1", "shared-2"])
"""All owners use the same ones."""
CONDITIONS = st.sampled_from([None, None, None, "right", "wrong", "*"])
RESOURCE = st.sampled_from(RESOURCES)


def whole(resource: ResourceCase, owner: Owner, pick: int) -> Json:
    """A whole object of this owner's."""
    return resource.body | one_of_two(resource, pick) | resource.named(f"{owner.marker} {pick % 4}")


def one_of_two(resource: ResourceCase, pick: int) -> Json:
    """One of two values of the last member, where that is not the name."""
    members = (resource.other if pick % 2 else resource.body).items()
    return dict([(name, value) for name, value in members if name != resource.label][-1:])


def some_of(resource: ResourceCase, owner: Owner, pick: int) -> Json:
    """Some of its members, or those that contradict whatever is stored."""
    name = resource.named(f"{owner.marker} {pick % 5}")
    return [name, one_of_two(resource, pick), {}, contradicting(resource)][pick // 8 % 4]


def contradicting(resource: ResourceCase) -> Json:
    """Members that contradict whatever is stored; none where no rule says so."""
    return resource.contradiction[0] if resource.contradiction else {}


class ResourceRules(Tenants):
    """Creating, reading, changing, deleting, revisions, restoring, the feed."""

    def __init__(self) -> None:
        super().__init__()
        for who, resource in product(range(3), RESOURCES):
            self.create(who, resource, 0, None)
            self.create(who, resource, 2**12, None)

    @rule(who=WHO, resource=RESOURCE, pick=PICK, idempotency_key=IDEMPOTENCY_KEYS)
    def create(self, who: int, resource: ResourceCase, pick: int, idempotency_key: str | None) -> None:
        owner = self.owners[who]
        key, body = self.key_of(owner, pick), whole(resource, owner, pick)
        operation = resource.operation("create")
        if len(owner.of(resource)) >= OBJECTS_MAX:
            idempotency_key = idempotency_key or "shared-1"
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer = self.ask(owner, key, operation, headers=headers, body=body)
        known = owner.idempotency_records.get((operation, idempotency_key or ""))
        if resource.writes not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif known is None:
            self._is_new(owner, resource, key, body, answer)
            if idempotency_key:
                owner.idempotency_records[operation, idempotency_key] = (body, answer.json)
        elif known[0] != body:
            self.is_refused(answer, 422, "idempotency_key_reused")
        else:
            self.is_shown(answer, 201, known[1], tag_of(resource, 1))
            assert answer.header("idempotency-replayed") == "true"

    def _is_new(self, owner: Owner, resource: ResourceCase, key: Key, body: Json, answer: Answer) -> None:
        shown = answer.json
        told = {"id": shown["id"], "created_at": shown["created_at"], "updated_at": shown["created_at"]}
        self.is_shown(answer, 201, body | told, tag_of(resource, 1))
        assert answer.header("location") == resource.path_of(shown)
        assert answer.header("idempotency-replayed") is None
        assert shown["id"] not in owner.objects
        owner.is_secret(shown["id"])
        made = owner.objects[shown["id"]] = Object(resource, shown["id"])
        owner.changed(key, answer.request_id, made, shown, shown=False)

    def _own(self, owner: Owner, resource: ResourceCase, pick: int) -> Object:
        """One of this owner's, deleted ones included."""
        return owner.of(resource)[pick % len(owner.of(resource))]

    def _condition(self, kind: str | None, mine: Object) -> tuple[dict[str, str], bool]:
        """If-Match as it is to be sent, and whether the object fulfils it."""
        if kind is None:
            return {}, True
        right, wrong = (tag_of(mine.resource, mine.version + ahead) for ahead in (0, 1))
        tags = {"right": right, "wrong": wrong, "*": "*"}
        return {"If-Match": tags[kind]}, mine.shown is not None and kind != "wrong"

    @rule(who=WHO, resource=RESOURCE, pick=PICK, method=st.sampled_from(["GET", "HEAD"]), has=st.booleans())
    def get(self, who: int, resource: ResourceCase, pick: int, method: str, has: bool) -> None:
        owner = self.owners[who]
        mine, key = self._own(owner, resource, pick), self.key_of(owner, pick // 16)
        headers = {"If-None-Match": tag_of(resource, mine.version)} if has else {}
        answer = self.ask(owner, key, resource.operation("get"), id=mine.id, method=method, headers=headers)
        status = 200 if mine.shown else 404
        if resource.reads not in key.scopes:
            status = 403
        elif has and mine.shown:
            status = 304
        assert answer.status == status, answer
        if method == "HEAD" or status == 304:
            assert answer.body == b""
        elif status == 200:
            assert mine.shown is not None
            self.is_shown(answer, 200, mine.shown, mine.tag)

    @rule(
        who=WHO,
        resource=RESOURCE,
        pick=PICK,
        what=PICK,
        verb=st.sampled_from(["replace", "update", "amend"]),
        condition=CONDITIONS,
    )
    def write(
        self, who: int, resource: ResourceCase, *, pick: int, what: int, verb: str, condition: str | None
    ) -> None:
        owner = self.owners[who]
        mine, key = self._own(owner, resource, pick), self.key_of(owner, pick // 16)
        body = (whole if verb == "replace" else some_of)(resource, owner, what)
        headers, fulfilled = self._condition(condition, mine)
        answer = self.ask(owner, key, resource.operation(verb), id=mine.id, headers=headers, body=body)
        if resource.writes not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif mine.shown is None:
            self.is_refused(answer, 404, resource.not_found)
        elif not fulfilled:
            self.is_refused(answer, 412, "precondition_failed")
        elif body and body == contradicting(resource):
            self.is_refused(answer, 422, "validation_failed")
        else:
            self._is_changed(owner, key, mine, body, answer)

    def _is_changed(self, owner: Owner, key: Key, mine: Object, body: Json, answer: Answer) -> None:
        assert mine.shown is not None
        after = mine.shown | body
        if after != mine.shown:
            after["updated_at"] = answer.json["updated_at"]
            assert moment(after["updated_at"]) >= moment(mine.shown["updated_at"])
            owner.changed(key, answer.request_id, mine, after, shown=True)
        self.is_shown(answer, 200, after, mine.tag)

    @rule(who=WHO, resource=RESOURCE, pick=PICK, condition=CONDITIONS)
    def delete(self, who: int, resource: ResourceCase, pick: int, condition: str | None) -> None:
        owner = self.owners[who]
        mine, key = self._own(owner, resource, pick), self.key_of(owner, pick // 16)
        headers, fulfilled = self._condition(condition, mine)
        answer = self.ask(owner, key, resource.operation("delete"), id=mine.id, headers=headers)
        if resource.writes not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif mine.shown is None:
            self.is_refused(answer, 404, resource.not_found)
        elif not fulfilled:
            self.is_refused(answer, 412, "precondition_failed")
        else:
            assert (answer.status, answer.body) == (204, b"")
            owner.changed(key, answer.request_id, mine, None, shown=True)

    @rule(who=WHO, resource=RESOURCE, pick=PICK, version=st.integers(1, 6), condition=CONDITIONS)
    def restore(self, who: int, resource: ResourceCase, pick: int, version: int, condition: str | None) -> None:
        owner = self.owners[who]
        mine, key = self._own(owner, resource, pick), self.key_of(owner, pick // 16)
        headers, fulfilled = self._condition(condition, mine)
        body = {"version": version}
        answer = self.ask(owner, key, resource.operation("restore"), id=mine.id, headers=headers, body=body)
        state = mine.state(version)
        if resource.writes not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif state is None:
            self.is_refused(answer, 404, "revision_not_found")
        elif not fulfilled:
            self.is_refused(answer, 412, "precondition_failed")
        elif mine.shown is not None:
            members: dict[str, Any] = {name: state[name] for name in resource.body}
            self._is_changed(owner, key, mine, members, answer)
        else:
            after = state | {"updated_at": answer.json["updated_at"]}
            owner.changed(key, answer.request_id, mine, after, shown=False)
            self.is_shown(answer, 200, after, mine.tag)
