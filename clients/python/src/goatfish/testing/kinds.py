"""What the members of objects may be: how each is read from JSON, and the rules that it has to keep."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from goatfish.testing.problems import Path

UNREAD: Any = object()
"""Stands for a value that is not of its type."""
Wrong = tuple[Path, str, str]
"""Where in the value, a code, and a sentence, or for a rule how one goes on after the member's name."""
Read = tuple[Any, list[Wrong]]
EXACT_MAX = 2**53
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_CHARACTER = "[A-Za-z0-9._~!$&'()*+,;=%s-]|%%[0-9A-Fa-f]{2}"
_PATH, _MORE, _HOST, _USER = (_CHARACTER % more for more in (":@/", ":@/?", "", ":"))
_GROUP, _OCTET = "[0-9A-Fa-f]{1,4}", "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LAST = rf"(?:{_GROUP}:{_GROUP}|{_OCTET}(?:\.{_OCTET}){{3}})"
_AFTER = [*(rf"(?:{_GROUP}:){{{number}}}{_LAST}" for number in (5, 4, 3, 2, 1, 0)), _GROUP, ""]
_BEFORE = ["", *(f"(?:(?:{_GROUP}:){{0,{number}}}{_GROUP})?" for number in range(7))]
IPV6 = "|".join([rf"(?:{_GROUP}:){{6}}{_LAST}", *map("{}::{}".format, _BEFORE, _AFTER)])
"""An IPv6 address (RFC 3986, appendix A)."""
URI = (
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?:(?://(?:(?:{_USER})*@)?(?:\[(?:{IPV6})\]|(?:{_HOST})*)(?::[0-9]{{0,5}})?"
    rf"(?:/(?:{_PATH})*)?|/?(?:{_CHARACTER % ':@'})(?:{_PATH})*|/)(?:\?(?:{_MORE})*)?|\?(?:{_MORE})*)(?:#(?:{_MORE})*)?"
)


def parse_moment(text: Any) -> datetime | None:
    """The time of this text with its UTC offset, in UTC; None for any other."""
    found = _MOMENT.fullmatch(text.upper()) if isinstance(text, str) else None
    if found is None:
        return None
    written, fraction, sign, hours, minutes = found.groups()
    try:
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
        naive = datetime.fromisoformat(written).replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
        return naive.replace(tzinfo=timezone(offset)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def show_moment(moment: datetime) -> str:
    """The time as the service writes it."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def parse_day(text: Any) -> date | None:
    """The date of this text; None for any other."""
    try:
        return date.fromisoformat(text) if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except (TypeError, ValueError):
        return None


def parse_id(text: str) -> str | None:
    """The UUID of this text as the service writes it; None for any other."""
    return str(UUID(text)) if re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) else None


def whole(value: Any) -> Any:
    """An integer as JSON knows it, which 1.0 is as well; any other value as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_MAX else value


def is_in(value: Any, least: int, most: int) -> bool:
    """Whether this is a whole number from ``least`` to ``most``."""
    return type(value) is int and least <= value <= most


def is_number(value: Any) -> bool:
    """Whether a quantity can have this number."""
    return abs(value) <= EXACT_MAX if isinstance(value, int) else math.isfinite(value)


class Kind:
    """What a member holds."""

    def read(self, value: Any) -> Read:
        """The value as it is kept, and what is wrong with its type."""
        raise NotImplementedError

    def read_patch(self, value: Any) -> Read:
        """The same of a change of the value."""
        return self.read(value)

    def rules(self, value: Any) -> Iterator[Wrong]:  # noqa: ARG002 -- most kinds look at it
        """The rules that a value of the right type breaks."""
        yield from ()


class Text(Kind):
    """One line of text, trimmed and not empty."""

    def __init__(self, most: int, pattern: str = "", words: str = "") -> None:
        self.most, self.pattern, self.words = most, pattern, words

    def read(self, value: Any) -> Read:
        if not isinstance(value, str):
            return UNREAD, [((), "wrong_type", "This is not a string.")]
        return self.trimmed(value), []

    def trimmed(self, value: str) -> str:
        return value if CONTROL.search(value) else value.strip()

    def rules(self, value: str) -> Iterator[Wrong]:
        if CONTROL.search(value):
            yield (), "control_characters", "holds control characters"
        elif not value:
            yield (), "too_short", "is empty"
        elif len(value) > self.most:
            yield (), "too_long", f"is longer than {self.most} characters"
        elif not any(unicodedata.category(c) not in _UNSEEN and not _FILLERS.match(c) for c in value):
            yield (), "invisible", "holds nothing that can be seen"
        elif self.pattern and not re.fullmatch(self.pattern, value):
            yield (), "pattern", f"is not {self.words}"


_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}


class Lines(Text):
    """Text of several lines; if ``trim``, without blanks around it and not empty."""

    def __init__(self, most: int, *, trim: bool = False) -> None:
        super().__init__(most)
        self.trim = trim

    def trimmed(self, value: str) -> str:
        return value.strip() if self.trim and not _CONTROL_IN_LINES.search(value) else value

    def rules(self, value: str) -> Iterator[Wrong]:
        if _CONTROL_IN_LINES.search(value):
            yield (), "control_characters", "holds control characters other than line breaks and tabs"
        elif self.trim and not value:
            yield (), "too_short", "is empty"
        elif len(value) > self.most:
            yield (), "too_long", f"is longer than {self.most} characters"


class Choice(Kind):
    """One of several words."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def read(self, value: Any) -> Read:
        if isinstance(value, str) and value in self.options:
            return value, []
        return UNREAD, [((), "unknown_value", f"This is not one of {', '.join(self.options)}.")]


class Whole(Kind):
    """A whole number; the fault of any other has a code and a subject of its own."""

    def __init__(self, least: int, most: int, code: str = "out_of_range", subject: str = "This is not") -> None:
        self.least, self.most, self.code, self.subject = least, most, code, subject

    def read(self, value: Any) -> Read:
        if is_in(whole(value), self.least, self.most):
            return whole(value), []
        return UNREAD, [((), self.code, f"{self.subject} a whole number from {self.least} to {self.most}.")]


class Day(Kind):
    """A date."""

    def read(self, value: Any) -> Read:
        wrong: Wrong = ((), "date", "This is not a date of the form YYYY-MM-DD.")
        return (value, []) if parse_day(value) else (UNREAD, [wrong])


class Moment(Kind):
    """A time with its UTC offset."""

    def read(self, value: Any) -> Read:
        moment = parse_moment(value)
        wrong: Wrong = ((), "date_time", "This is not a time with its UTC offset, as in 2026-11-22T08:00:00Z.")
        return (UNREAD, [wrong]) if moment is None else (show_moment(moment), [])


class Reference(Kind):
    """The id of another object of the owner."""

    def __init__(self, to: str) -> None:
        self.to = to

    def read(self, value: Any) -> Read:
        if not isinstance(value, str):
            return UNREAD, [((), "wrong_type", "This is not a string.")]
        return parse_id(value) or str(UUID(int=0)), []
