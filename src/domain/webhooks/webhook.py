"""A Webhook: where an owner's changes are sent, which ones, and whether they still are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Self
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from domain.entity import plural_of
from domain.errors import Violation
from domain.fields import Boolean, LongText, Problem, Text, Words
from domain.registry import ENTITIES
from domain.repository import OwnerId, with_changes
from domain.webhooks.secrets import SecretBox

KINDS = {entity.KIND: plural_of(entity) for entity in ENTITIES}
"""The kinds of objects whose changes can be sent, with their names in paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Url(Text):
    """The URL of an endpoint: absolute, with a host, and without a user, a password or a fragment."""

    def problems(self, value: str) -> Iterator[Problem]:
        found = [*Text.problems(self, value)]
        yield from found
        if not found and not _is_endpoint(value):
            yield Problem("url", "is not an absolute http or https URL without user, password and fragment")


def _is_endpoint(text: str) -> bool:
    try:
        parts: SplitResult = urlsplit(text)
        in_range = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = text.isascii() and not any(each in text for each in ' "<>\\^`{|}#')
    return plain and in_range and parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds(Words):
    """Some of the kinds of objects, and at least one."""

    def problems(self, value: tuple[str, ...]) -> Iterator[Problem]:  # type: ignore[override]  # -- as it is kept
        if not value:
            yield Problem("too_few", "holds no kind")
        for place, kind in enumerate(value[: self.max_items]):
            if kind not in KINDS:
                yield Problem("unknown_kind", f"can hold {', '.join(KINDS)} alone", (place,))
        yield from Words.problems(self, value)


class DisabledReason(StrEnum):
    """Why the service has disabled a webhook."""

    GONE = "gone"
    """The endpoint answered 410."""
    FAILING = "failing"
    """The endpoint has accepted nothing for ``GIVE_UP_AFTER``."""
    CHANGES_FORGOTTEN = "changes_forgotten"
    """The next changes to send are kept no longer."""
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 -- a reason, not a secret
    """The secret cannot be decrypted: it was imported, or ``GOATFISH_SECRET_KEY`` was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An endpoint that is sent the changes of an owner's objects, in the order of their commits.

    The secrets are encrypted. Until ``previous_secret_until`` messages are signed with the previous one as well.
    ``disabled_reason`` is None unless the service has disabled it.
    """

    KIND: ClassVar = "webhook"
    PLURAL: ClassVar = "webhooks"
    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret", "previous_secret"})
    UNTRACKED: ClassVar[frozenset[str]] = SECRETS
    WEBHOOKS_MAX: ClassVar[int] = 100
    """Webhooks of one owner."""
    OVERLAP_MAX: ClassVar[timedelta] = timedelta(days=30)

    id: UUID
    owner_id: OwnerId
    url: Annotated[
        str,
        Url(
            max_length=2048,
            description="where messages are sent by POST; https, unless the operator allows networks for http",
            example="https://hooks.example.com/goatfish",
        ),
    ]
    kinds: Annotated[
        tuple[str, ...],
        Kinds(
            max_items=len(KINDS),
            max_length=50,
            description="the kinds of objects whose changes are sent; the key in use must be allowed to read them",
            example=["run"],
        ),
    ]
    description: Annotated[
        str | None, LongText(max_length=500, description="what it is for", example="Tells the chat of finished runs.")
    ] = None
    enabled: Annotated[bool, Boolean(description="whether changes are sent", example=True)] = True
    disabled_reason: DisabledReason | None = None
    secret: str = ""
    previous_secret: str = ""
    previous_secret_until: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @classmethod
    def overlap_violations(cls, overlap: timedelta) -> list[Violation]:
        """What is wrong with the time in which messages are signed with both secrets."""
        if timedelta() <= overlap <= cls.OVERLAP_MAX:
            return []
        return [Violation("overlap_seconds", "overlap", f"An overlap is not longer than {cls.OVERLAP_MAX.days} days.")]

    def disable(self, *, reason: DisabledReason, now: datetime) -> Self:
        """The webhook, disabled by the service; itself where it already is disabled."""
        if not self.enabled:
            return self
        return with_changes(self, {"enabled": False, "disabled_reason": reason}, updated_at=max(now, self.updated_at))

    def rolled(self, sealed: str, now: datetime, overlap: timedelta) -> Self:
        """The webhook with this secret, and the present one for as long as they overlap."""
        changes: dict[str, object] = {"secret": sealed, "previous_secret": self.secret if overlap else ""}
        changes["previous_secret_until"] = now + overlap if overlap else None
        return with_changes(self, changes, updated_at=max(now, self.updated_at))

    def resealed(self, secrets: SecretBox) -> Self:
        """The webhook with secrets that the present secret key has encrypted; itself where it has already."""
        changes: dict[str, object] = {}
        for name in self.SECRETS:
            opened = secrets.open(getattr(self, name), self.owner_id, self.id)
            if opened is not None and not opened.is_current:
                changes[name] = secrets.seal(opened.text, self.owner_id, self.id)
        return with_changes(self, changes)

    def sealed_secrets(self, now: datetime) -> list[str]:
        """The secrets to sign with now, encrypted, the present one first."""
        overlaps = self.previous_secret_until is not None and now < self.previous_secret_until
        return [self.secret, *([self.previous_secret] if overlaps and self.previous_secret else [])]
