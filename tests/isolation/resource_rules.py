"""What owners do with objects of their own, of every kind: every status and every byte of a body is foretold."""

from itertools import count, product
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.registry import ENTITIES
from tests.contracts.cases import referred_kinds
from tests.contracts.resources import RESOURCES, Json, ResourceCase, resource_of
from tests.contracts.tags import tag_of
from tests.isolation.byte_client import Answer
from tests.isolation.model import Key, Object, Owner, moment
from tests.isolation.tenants import PICK, WHO, Tenants

OBJECTS_MAX = 8  # of an owner and of each kind, but for those that an idempotency key makes
SHARED = ["shared-1", "shared-2"]
NUMBERED = 4 * len(SHARED)
IDEMPOTENCY_KEYS = st.sampled_from([None, None, *SHARED])
"""All owners use the same ones."""
CONDITIONS = st.sampled_from([None, None, None, "right", "wrong", "*"])
RESOURCE = st.sampled_from(RESOURCES)


def whole(resource: ResourceCase, owner: Owner, pick: int, number: int = 0) -> Json:
    """A whole object of this owner's; no other of the same number has its unique values."""
    shared = resource.body | owner.references(resource) | one_of_two(resource, pick)
    return shared | resource.distinct(number) | name_of(resource, owner, pick % 4, number)


def name_of(resource: ResourceCase, owner: Owner, pick: int, number: int) -> Json:
    """A name in which the owner's marker is."""
    return resource.named(f"{owner.marker} {number if resource.label in resource.unique else pick}")


def one_of_two(resource: ResourceCase, pick: int) -> Json:
    """One of two values of the last member that is neither the name nor unique, and refers to nothing."""
    members = (resource.other if pick % 2 else resource.body).items()
    particular = {resource.label, *resource.unique, *resource.references}
    return dict([(name, value) for name, value in members if name not in particular][-1:])


def some_of(resource: ResourceCase, owner: Owner, pick: int, number: int) -> Json:
    """Some of its members, or those that contradict whatever is stored."""
    name = name_of(resource, owner, pick % 5, number)
    return [name, one_of_two(resource, pick), {}, contradicting(resource)][pick // 8 % 4]


def contradicting(resource: ResourceCase) -> Json:
    """Members that contradict whatever is stored; none where no rule says so."""
    return resource.contradiction[0] if resource.contradiction else {}


class ResourceRules(Tenants):
    """Creating, reading, changing, deleting, revisions, restoring, the feed."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(NUMBERED)
        referred = referred_kinds(*ENTITIES)
        for who, entity in product(range(3), ENTITIES):
            resource = resource_of(entity)
            for pick in (0, 2**12, 0)[: 2 + (entity in referred)]:
                self.create(who, resource, pick, None)
            self.owners[who].of(resource)[-1].referred = entity in referred

    @rule(who=WHO, resource=RESOURCE, pick=PICK, idempotency_key=IDEMPOTENCY_KEYS)
    def create(self, who: int, resource: ResourceCase, pick: int, idempotency_key: str | None) -> None:
        owner = self.owners[who]
        operation = resource.operation("create")
        if len(owner.of(resource)) >= OBJECTS_MAX:
            idempotency_key = idempotency_key or SHARED[0]
        # With an idempotency key the same body may come again, and another key never has it.
        number = 4 * SHARED.index(idempotency_key) + pick % 4 if idempotency_key else next(self.numbers)
        key, body = self.key_of(owner, pick), whole(resource, owner, pick, number)
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

    @rule(who=WHO, resource=RESOURCE, pick=PICK)
    def create_many(self, who: int, resource: ResourceCase, pick: int) -> None:
        owner = self.owners[who]
        if len(owner.of(resource)) >= OBJECTS_MAX:
            return
        key, body = self.key_of(owner, pick), whole(resource, owner, pick, next(self.numbers))
        answer = self.ask(owner, key, f"create_{resource.plural}", body={"items": [body]})
        if resource.writes not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
            return
        assert answer.status == 201, answer
        (shown,) = answer.json["items"]
        assert shown == body | self._told(resource, key, shown)
        self._knows(owner, resource, key, shown, answer)

    def _is_new(self, owner: Owner, resource: ResourceCase, key: Key, body: Json, answer: Answer) -> None:
        shown = answer.json
        self.is_shown(answer, 201, body | self._told(resource, key, shown), tag_of(resource, 1))
        assert answer.header("location") == resource.path_of(shown)
        assert answer.header("idempotency-replayed") is None
        self._knows(owner, resource, key, shown, answer)

    @staticmethod
    def _told(resource: ResourceCase, key: Key, shown: Json) -> Json:
        """What the service adds to a new object."""
        told = {"id": shown["id"], "created_at": shown["created_at"], "updated_at": shown["created_at"]}
        return told | {field.name: f"key:{key.shown['id']}" for field in resource.spec.actors}

    @staticmethod
    def _knows(owner: Owner, resource: ResourceCase, key: Key, shown: Json, answer: Answer) -> None:
        """Expects the new object from now on."""
        assert shown["id"] not in owner.objects
        owner.is_secret(shown["id"])
        made = owner.objects[shown["id"]] = Object(resource, shown["id"])
        owner.changed(key, answer.request_id, made, shown, shown=False)

    def _own(self, owner: Owner, resource: ResourceCase, pick: int) -> Object:
        """One of this owner's, deleted ones included, and not one that others have to refer to."""
        own = [each for each in owner.of(resource) if not each.referred]
        return own[pick % len(own)]

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
        body = (whole if verb == "replace" else some_of)(resource, owner, what, next(self.numbers))
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
