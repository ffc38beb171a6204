"""API keys: their text, and what is kept and shown of one."""

from __future__ import annotations

import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, Optional

from goatfish.testing.kinds import UNREAD, Kind, Moment, Read, Text, Whole
from goatfish.testing.kinds import parse_moment as parse
from goatfish.testing.kinds import show_moment as show
from goatfish.testing.members import REQUIRED, Field, broken, read_members
from goatfish.testing.problems import Fault, Refusal, at, invalid

SCOPES = ("keys:manage", "runs:read", "runs:write", "simulations:read", "simulations:write", "webhooks:manage")
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LAST = datetime.max.replace(tzinfo=timezone.utc)
_DAY = 24 * 60 * 60


def new_text() -> tuple[str, str]:
    """A new key's public part and its whole text, in the service's form."""
    public = "gf_" + "".join(secrets.choice(_ALPHABET) for _ in range(14))
    text = f"{public}_" + "".join(secrets.choice(_ALPHABET) for _ in range(43))
    checksum, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        checksum, digit = divmod(checksum, 62)
        digits = _ALPHABET[digit] + digits
    return public, text + digits


class Key(NamedTuple):
    """A key as it is kept; ``lasting`` is the life that it was created with, None for ever."""

    id: str
    name: str
    prefix: str
    scopes: frozenset[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    lasting: timedelta | None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 1

    def has_ended(self, now: datetime) -> bool:
        """Whether it is revoked or expired."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def used(self, now: datetime) -> Key:
        """The key, last used now; itself where that was noted within a minute."""
        if self.last_used_at is not None and now - self.last_used_at < timedelta(minutes=1):
            return self
        return self._replace(last_used_at=now, version=self.version + 1)

    def ending(self, end: datetime) -> Key:
        """The key, expiring then; itself where it ends sooner."""
        return self if self.has_ended(end) else self._replace(expires_at=end, version=self.version + 1)

    def successor_end(self, now: datetime) -> datetime | None:
        """When one that is made now ends, if it lives as long as this one was made to."""
        return None if self.lasting is None else now + min(self.lasting, _LAST - now)

    def shown(self) -> dict[str, Any]:
        """The key as the service shows it."""
        times = {"expires_at": self.expires_at, "last_used_at": self.last_used_at, "revoked_at": self.revoked_at}
        return {
            "id": self.id,
            "name": self.name,
            "prefix": self.prefix,
            "scopes": sorted(self.scopes),
            "created_at": show(self.created_at),
            "created_by": self.created_by,
            **{name: None if time is None else show(time) for name, time in times.items()},
        }


class _Scopes(Kind):
    def read(self, value: Any) -> Read:
        if not isinstance(value, list):
            return UNREAD, [((), "wrong_type", "This is not an array.")]
        if len(value) > len(SCOPES):
            return UNREAD, [((), "too_long", "There are too many items.")]
        wrong = [
            ((place,), "scope", f"This is not one of {', '.join(SCOPES)}.")
            for place, each in enumerate(value)
            if not isinstance(each, str) or each not in SCOPES
        ]
        return (UNREAD, list(wrong)) if wrong else (value, [])


_NEW = {"name": Field(Text(100), REQUIRED), "scopes": Field(_Scopes(), REQUIRED), "expires_at": Field(Moment())}
_ROLLED = {
    "overlap_seconds": Field(Whole(0, 30 * _DAY, "overlap", "An overlap in seconds is"), _DAY),
    "expires_at": Field(Moment()),
}
Faults = tuple[dict[str, Any], list[Fault], list[Fault]]


def read_new(content: Any, now: datetime) -> Faults:
    """The values of a body that creates a key, and its faults: of types, and of rules."""
    values, wrong = read_members(_NEW, content)
    rules = broken({"name": _NEW["name"]}, {"name": values.get("name")})
    if values.get("scopes") == []:
        rules.append((("scopes",), "too_short", "A key needs at least one scope."))
    return values, [at(*each) for each in wrong], [at(*each) for each in [*rules, *_past(values, now)]]


def read_roll(content: Any, now: datetime) -> Faults:
    """The same of a body that rolls one."""
    values, wrong = read_members(_ROLLED, content)
    return values, [at(*each) for each in wrong], [at(*each) for each in _past(values, now)]


def _past(values: dict[str, Any], now: datetime) -> list[Any]:
    end = parse(values.get("expires_at"))
    late = end is not None and end <= now
    return [(("expires_at",), "in_the_past", "The key would be expired from the start.")] if late else []


Limit = tuple[Optional[datetime], str, str]
"""The latest end, and the code and the sentence for a later one."""


def maker_limit(end: datetime | None) -> Limit:
    """The limit that the key in use sets."""
    return end, "outlives_maker", "A key expires no later than the key that creates it"


def predecessor_limit(end: datetime | None) -> Limit:
    """The limit that the life of the key that is replaced sets."""
    rule = "A rolled key lives no longer than the original lifetime of the key that it replaces"
    return end, "outlives_predecessor", rule


def granted(wanted: str | None, limits: Iterable[Limit]) -> datetime | None:
    """The end that is wanted, or the latest one allowed. Raises ``Refusal`` (422) where it is later."""
    known = [limit for limit in limits if limit[0] is not None]
    end = parse(wanted)
    if end is None:
        return min((limit[0] for limit in known if limit[0]), default=None)
    for latest, code, rule in known:
        if latest is not None and end > latest:
            raise invalid([], [at(("expires_at",), code, f"{rule}: {latest:%Y-%m-%dT%H:%M:%S.%fZ}.")])
    return end


def require_scopes(held: Iterable[str], wanted: Iterable[str]) -> None:
    """Raises ``Refusal`` (403) where one is missing."""
    missing = sorted({*wanted} - {*held})
    if missing:
        raise Refusal("missing_scope", f"The key lacks the scope {', '.join(missing)}.")
