"""What each of the owners has, as it was shown to them, and what nobody else may ever see of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.contracts.resources import Json, ResourceCase
from tests.contracts.tags import tag_of


@dataclass
class Key:
    """A key of an owner; its text is known to whoever made it."""

    shown: Json
    text: str
    life: timedelta | None = None
    """How long it was made to live; an overlap takes nothing from that."""

    def __post_init__(self) -> None:
        if self.end is not None:
            self.life = self.end - moment(self.shown["created_at"])

    @property
    def end(self) -> datetime | None:
        return self.shown["expires_at"] and moment(self.shown["expires_at"])

    @property
    def id(self) -> str:
        return str(self.shown["id"])

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.shown["scopes"])

    def may(self, scopes: tuple[frozenset[str], ...] | None) -> bool:
        """Whether it has all of one of these."""
        return scopes is None or any(each <= self.scopes for each in scopes)


@dataclass
class Object:
    """An object of this kind, deleted where ``shown`` is None, with all that has become of it."""

    resource: ResourceCase
    id: str
    shown: Json | None = None
    revisions: list[Json] = field(default_factory=list)
    referred: bool = False
    """Whether others have to refer to it, so that it stays."""

    @property
    def version(self) -> int:
        return len(self.revisions)

    @property
    def tag(self) -> str | None:
        return tag_of(self.resource, self.version) if self.shown is not None else None

    def state(self, version: int) -> Json | None:
        """As it was shown in this version."""
        state: Json | None = self.revisions[version - 1]["after"] if 1 <= version <= self.version else None
        return state


@dataclass
class Owner:
    """One of the three. ``log`` is its feed, with None for what is not shown in it."""

    id: str
    name: str
    marker: str
    keys: list[Key] = field(default_factory=list)
    ended: list[Key] = field(default_factory=list)
    objects: dict[str, Object] = field(default_factory=dict)
    log: list[Json | None] = field(default_factory=list)
    idempotency_records: dict[tuple[str, str], tuple[Json, Json]] = field(default_factory=dict)
    webhooks: dict[str, Json | None] = field(default_factory=dict)
    """By id, as they are shown; None where deleted."""
    requested: set[str] = field(default_factory=set)
    """The webhooks for which a delivery has been requested."""
    cursors: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    """By operation: each cursor with the place that it stands for."""
    _secrets: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._secrets |= {self.marker.lower(), self.name.lower()}
        self.is_secret(self.id)

    def is_secret(self, id: str) -> None:
        """Nobody else may see this id, however it is written."""
        self._secrets |= {id.lower(), id.replace("-", "").lower()}

    def holds(self, key: Key) -> None:
        """Has one more key, of which nothing is for others."""
        _, public, secret = key.text.split("_")
        self._secrets |= {public.lower(), secret.lower()}
        self.is_secret(key.id)
        self.keys.append(key)

    def all_keys(self) -> list[Json]:
        return newest_first([key.shown for key in self.keys + self.ended])

    def ids(self) -> list[str]:
        """Of whatever there is that has one."""
        return [self.id, *self.objects, *self.webhooks, *(key.id for key in self.keys + self.ended)]

    def revealed_in(self, text: str) -> str | None:
        """A secret of this owner's that is in this text, which is in small letters."""
        return next((secret for secret in self._secrets if secret in text), None)

    def of(self, resource: ResourceCase) -> list[Object]:
        """What there is of this kind, deleted ones included."""
        return [each for each in self.objects.values() if each.resource is resource]

    def references(self, resource: ResourceCase) -> Json:
        """What an object of this kind has to refer to."""
        kept = {each.resource.kind: each.id for each in self.objects.values() if each.referred}
        return {name: kept[kind] for name, kind in resource.references.items()}

    def listed(self, resource: ResourceCase) -> list[Json]:
        return newest_first([each.shown for each in self.of(resource) if each.shown is not None])

    def changed(self, key: Key, request_id: str, mine: Object, after: Json | None, *, shown: bool) -> None:
        """Takes note of a write; ``shown`` tells whether there was something before."""
        before = mine.shown if shown else None
        action = "created" if before is None else "deleted" if after is None else "updated"
        revision = {
            "kind": mine.resource.kind,
            "id": mine.id,
            "version": mine.version + 1,
            "action": action,
            "at": after and after["updated_at"],  # of a deletion it is learned when it is first shown
            "actor": f"key:{key.id}",
            "request_id": request_id,
            "before": before,
            "after": after,
        }
        mine.shown = after
        mine.revisions.append(revision)
        self.log.append(revision)


def marker() -> str:
    """What is in every name that an owner gives, and in no other's."""
    return f"mark{uuid4().hex[:16]}"


def newest_first(shown: list[Json]) -> list[Json]:
    return sorted(shown, key=lambda each: (moment(each["created_at"]), each["id"]), reverse=True)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
