"""A Webhook: where an owner's changes are sent, which ones, and whether they still are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Self
from uuid import UUID

from domain.entity import plural_of
from domain.errors import Violation
from domain.fields import Boolean, LongText, Text, Words
from domain.ipv6_pattern import IPV6_PATTERN
from domain.registry import ENTITIES
from domain.repository import OwnerId, with_changes
from domain.webhooks.secrets import SecretBox

KINDS = {entity.KIND: plural_of(entity) for entity in ENTITIES}
"""The kinds of objects whose changes can be sent, with their names in paths."""


_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_HOST = rf"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[({IPV6_PATTERN})\]"
_REST = r"[!$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*"
URL_PATTERN = rf"https?://({_HOST})(:({_PORT}))?([/?]{_REST})?"


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
    OWNED_MAX: ClassVar[int] = 100
    OVERLAP_MAX: ClassVar[timedelta] = timedelta(days=30)

    id: UUID
    owner_id: OwnerId
    url: Annotated[
        str,
        Text(
            max_length=2048,
            pattern=URL_PATTERN,
            pattern_words="an absolute http or https URL without user, password and fragment",
            description="where messages are sent by POST; https, unless the operator allows networks for http",
            example="https://hooks.example.com/goatfish",
        ),
    ]
    kinds: Annotated[
        tuple[str, ...],
        Words(
            min_items=1,
            max_items=len(KINDS),
            options=tuple(KINDS),
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
