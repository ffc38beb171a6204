"""All that the service stores of one owner: objects, keys, revisions and the results of idempotent requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Callable, NamedTuple, Optional

from goatfish.testing.keys import Key
from goatfish.testing.kinds import show_moment
from goatfish.testing.objects import ENTITIES, Body, Entity, changed, made, moment, require_forward
from goatfish.testing.problems import Fault, Refusal, at, invalid

KEPT_FOR = timedelta(hours=24)
Check = Callable[[Optional[int]], None]
"""Raises ``Refusal`` unless the object's version, None where there is none, is as the request demands."""


class Stored(NamedTuple):
    """A version of an object."""

    body: Body
    version: int


class Revision(NamedTuple):
    """A change of an object; ``kind`` is also that of keys and owners, which are counted and not shown."""

    number: int
    kind: str
    id: str
    version: int
    at: str
    actor: str
    request_id: str
    before: Body | None = None
    after: Body | None = None

    def shown(self) -> Body:
        """The revision as the service shows it."""
        action = "created" if self.before is None else "deleted" if self.after is None else "updated"
        names = ("kind", "id", "version", "at", "actor", "request_id", "before", "after")
        members = {name: getattr(self, name) for name in names}
        return {**dict(list(members.items())[:3]), "action": action, **dict(list(members.items())[3:])}


class Change(NamedTuple):
    """Who makes a change, and when."""

    now: datetime
    text: str
    """The time as it is shown."""
    actor: str
    request_id: str

    @classmethod
    def at(cls, now: datetime, actor: str, request_id: str) -> Change:
        """A change that is made now."""
        return cls(now, show_moment(now), actor, request_id)


class Tenant:
    """One owner and all that is theirs."""

    def __init__(self, id: str, name: str, new_id: Callable[[], str]) -> None:
        self.id, self.name, self.new_id = id, name, new_id
        self.keys: dict[str, Key] = {}
        self.webhooks: dict[str, Any] = {}
        """``Webhook`` of ``goatfish.testing.webhooks``, by id."""
        self.rows: dict[str, dict[str, Stored]] = {kind: {} for kind in ENTITIES}
        self._external_ids: dict[str | None, str] = {}
        self.revisions: list[Revision] = []
        self.last = self.forgotten = 0
        self.outcomes: dict[tuple[str, str], tuple[datetime, str, Any]] = {}
        self.quota_whole_at = 0.0

    def note(self, kind: str, id: str, version: int, change: Change, *sides: Body | None) -> None:
        """Adds a revision, of which ``sides`` are the object before and after."""
        self.last += 1
        who = (change.text, change.actor, change.request_id)
        self.revisions.append(Revision(self.last, kind, id, version, *who, *sides))

    def forget_changes(self) -> None:
        """Forgets all revisions: following the feed from an earlier cursor is a 410."""
        self.revisions.clear()
        self.forgotten = self.last

    def outcome(self, operation: str, key: str, now: datetime) -> tuple[str, Any] | None:
        """The fingerprint and the outcome of an earlier request with this key, of the last 24 hours."""
        at_, fingerprint, outcome = self.outcomes.get((operation, key), (now, "", None))
        return None if outcome is None or at_ < now - KEPT_FOR else (fingerprint, outcome)

    def get(self, kind: str, id: str) -> Stored:
        """The object. Raises ``Refusal`` (404)."""
        found = self.rows[kind].get(id)
        if found is None:
            raise not_found(kind)
        return found

    def create(
        self, entity: Entity, items: Sequence[tuple[Body, Mapping[str, Any]]], change: Change, *, many: bool
    ) -> list[Stored]:
        """Makes an object of each item's values and what was sent of them: all, or none. Raises ``Refusal``."""
        self._require_distinct([values for values, _ in items])
        faults: list[Fault] = []
        for place, (values, _) in enumerate(items):
            unknown = self._unknown(entity, {}, values)
            faults += [at(("items", place, *path) if many else path, *rest) for path, *rest in unknown]
            if len(faults) >= 20:
                break
        if faults:
            raise invalid([], faults)
        for place, (values, _) in enumerate(items):
            self._require_free(values, "", f"item {place}" if many else "")
        stored = []
        for values, sent in items:
            body = made(entity, values, sent, id=self.new_id(), actor=change.actor, now=change.text)
            stored.append(self._save(entity, None, Stored(body, 1), change))
        return stored

    def change(
        self, entity: Entity, id: str, values: Body, change: Change, check: Check, *, patch: bool = False
    ) -> Stored:
        """The object with these values. Raises ``Refusal``."""
        before = self.get(entity.kind, id)
        check(before.version)
        after = changed(entity, before.body, values, patch=patch, now=change.text)
        if after is before.body:
            return before
        unknown = self._unknown(entity, before.body, after)
        if unknown:
            raise invalid([], [at(*each) for each in unknown])
        self._require_free(after, id)
        return self._save(entity, before, Stored(after, before.version + 1), change)

    def delete(self, entity: Entity, id: str, change: Change, check: Check) -> None:
        """Deletes the object. Raises ``Refusal``."""
        before = self.get(entity.kind, id)
        check(before.version)
        for child in ENTITIES.values():
            for link in child.links:
                if link.to == entity.kind and any(
                    each.body[link.member] == id for each in self.rows[child.kind].values()
                ):
                    raise Refusal(link.in_use, f"The {entity.kind} is in use: a {child.kind} refers to it.")
        del self.rows[entity.kind][id]
        self._hold_external_id(before.body, None)
        self.note(entity.kind, id, before.version + 1, change, before.body, None)

    def revisions_of(self, entity: Entity, id: str) -> list[Revision]:
        """The revisions of an object, the latest first; also of a deleted one."""
        return [each for each in reversed(self.revisions) if (each.kind, each.id) == (entity.kind, id)]

    def restore(self, entity: Entity, id: str, version: int, change: Change, check: Check) -> Stored:
        """Brings an earlier version back. Raises ``Refusal``."""
        revisions = self.revisions_of(entity, id)
        if not revisions:
            self.get(entity.kind, id)
        wanted = next((each.after for each in revisions if each.version == version), None)
        if wanted is None:
            detail = "This version cannot be restored: it never existed, is a deletion, or has been purged."
            raise Refusal("revision_not_found", detail)
        values = {name: wanted[name] for name in entity.fields}
        stored = self.rows[entity.kind].get(id)
        if stored is not None:
            check(stored.version)
            after = changed(entity, stored.body, values, patch=False, now=change.text)
            if after is stored.body:
                return stored
            again = Stored(after, stored.version + 1)
        else:
            check(None)
            last = revisions[0]
            require_forward(last.before or wanted, wanted)
            at_ = max(change.text, last.at, wanted["created_at"], key=moment)
            again = Stored({**wanted, "updated_at": at_}, last.version + 1)
        for (member,), _, _ in self._unknown(entity, stored.body if stored else {}, again.body):
            link = next(each for each in entity.links if each.member == member)
            gone = f"there is no {link.to} with its {str(member).replace('_', ' ')} any more"
            raise Refusal(link.missing, f"The {entity.kind} is not restored: {gone}.")
        self._require_free(again.body, id)
        return self._save(entity, stored, again, change)

    def _save(self, entity: Entity, before: Stored | None, after: Stored, change: Change) -> Stored:
        id = after.body["id"]
        self.rows[entity.kind][id] = after
        self._hold_external_id(before and before.body, after.body)
        self.note(entity.kind, id, after.version, change, before and before.body, after.body)
        return after

    def _hold_external_id(self, before: Body | None, after: Body | None) -> None:
        self._external_ids.pop((before or {}).get("external_id"), None)
        if after is not None and after.get("external_id") is not None:
            self._external_ids[after["external_id"]] = after["id"]

    def _unknown(
        self, entity: Entity, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> list[tuple[tuple[str], str, str]]:
        """The faults of members that begin to refer to what the owner does not have."""
        return [
            (
                (link.member,),
                f"unknown_{link.to}",
                f"The {link.member.replace('_', ' ')} is not the id of a {link.to} of yours.",
            )
            for link in entity.links
            if after[link.member] not in {None, before.get(link.member)}
            and after[link.member] not in self.rows[link.to]
        ]

    def _require_free(self, values: Mapping[str, Any], id: str, item: str = "") -> None:
        wanted = values.get("external_id")
        if wanted is not None and self._external_ids.get(wanted, id) != id:
            detail = f"Another run has the external id of {item}." if item else "Another run has this external id."
            raise Refusal("external_id_taken", detail)

    @staticmethod
    def _require_distinct(items: Sequence[Mapping[str, Any]]) -> None:
        places: dict[str, int] = {}
        for place, values in enumerate(items):
            wanted = values.get("external_id")
            if wanted in places:
                detail = f"The items {places[wanted]} and {place} have the same external id."
                raise Refusal("external_id_taken", detail)
            if wanted is not None:
                places[wanted] = place


def not_found(kind: str) -> Refusal:
    """The refusal of an id that is nobody's, or somebody else's."""
    return Refusal(f"{kind}_not_found", f"You have no {kind} with this id.")
