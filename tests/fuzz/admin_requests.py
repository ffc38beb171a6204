"""Random requests to the admin, from its URLs and the fields of its models. Django must be set up first.

The source is a seeded ``Random`` instead of Hypothesis, which mostly varies its latest example and rarely reached
the failing ones among thousands of lookups and values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, quote_from_bytes

from django.contrib import admin
from django.db.models import DateField, Field, Model
from django.urls import URLPattern, URLResolver

import adapters.django_orm.urls  # noqa: F401 -- registers the admin's pages
from tests.fuzz.nasty import BYTES, CHARSETS, DATES, NUMBERS, VALUES

Text = str | bytes
Pairs = list[tuple[Text, Text]]
_PARAMETER = re.compile(r"<[^>]+>|\(\?P<url>\.\*\)|\(\?P<\w+>[^)]*\)")
_CONTROLS = (
    *("o", "p", "q", "e", "all", "_facets", "_popup", "_to_field", "_changelist_filters", "_source_model", "next"),
    *("owner", "state", "kind", "app_label", "model_name", "field_name", "term", "page", "date_hierarchy"),
)
_FORM = (
    *(
        "username",
        "password",
        "password1",
        "password2",
        "old_password",
        "new_password1",
        "name",
        "scopes",
        "expires_at",
    ),
    *("ticket", "action", "_selected_action", "select_across", "index", "post", "_save", "_saveasnew", "_continue"),
    *("_popup", "_to_field", "is_superuser", "is_staff", "groups", "user_permissions", "permissions", "next", "owner"),
    *("form-TOTAL_FORMS", "form-INITIAL_FORMS", "csrfmiddlewaretoken", "usable_password", "set-password"),
)
_NUMERIC = ("year", "iso_year", "month", "day", "week", "week_day", "quarter", "hour", "second", "length")
_HEADERS = ("User-Agent", "Accept", "Accept-Language", "Referer", "X-Request-ID", "X-CSRFToken")
_COOKIES = ("messages", "sessionid", "csrftoken", "other")
_OTHER_METHODS = ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
_FILES = ("", '; filename="a"', "; filename*=x''a", "; filename*=utf-7''%2B2AA-", '; filename="\\x00"')


@dataclass(frozen=True)
class Sent:
    """A request. ``address`` is percent-encoded, ``page`` is its URL pattern, ``cookie`` is an additional cookie."""

    page: str
    method: str
    address: str
    headers: dict[str, str] = field(default_factory=dict)
    cookie: str = ""
    body: bytes = b""


def pages(patterns: Sequence[Any] | None = None, before: str = "/admin/") -> Iterator[str]:
    """Every URL pattern of the admin, with ``{}`` for each parameter."""
    for pattern in admin.site.urls[0] if patterns is None else patterns:
        here = before + _PARAMETER.sub("{}", str(pattern.pattern)).strip("^$")
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern):
            yield here


def lookups(model: type[Model]) -> list[tuple[str, Sequence[Text]]]:
    """Filter lookups of the model's list, up to two relations deep, valid or not, each with values to try."""
    found: dict[str, Sequence[Text]] = dict.fromkeys(
        ("pk", "pk__in", "pk__gte", "__", "nothing", "id__nothing"), VALUES
    )
    for each in model._meta.get_fields():
        names = {each.name, getattr(each, "attname", each.name)}
        other: Any = each.related_model
        if other is not None:
            names |= {f"{each.name}__{inner.name}" for inner in other._meta.get_fields()}
        lasts = each.get_lookups() if isinstance(each, Field) else {"exact": None, "in": None, "isnull": None}
        values = (*DATES, *NUMBERS) if isinstance(each, DateField) else VALUES
        for name in names:
            found |= {f"{name}__{last}": values for last in lasts} | {name: values}
            found |= {f"{name}__{step}": (*NUMBERS, *DATES[:2]) for step in _NUMERIC}
            found |= {f"{name}__{step}__{last}": NUMBERS for step in _NUMERIC for last in ("gte", "in", "isnull")}
            found |= {f"{name}__{step}": DATES for step in ("date", "time", "date__year", "date__gte", "range")}
    return list(found.items())


class Requests:
    """Generates random requests, some of them for existing rows, whose ids are ``known``."""

    def __init__(self, known: Sequence[str], chance: Random) -> None:
        self._known, self._chance = known, chance
        self._pages = sorted(set(pages()))
        self._lists = {
            f"/admin/{model._meta.app_label}/{model._meta.model_name}/": lookups(model)
            for model in admin.site._registry
        }

    def next(self) -> Sent:
        """The next request. Kinds that find more failures are more frequent."""
        kinds: list[Callable[[], Sent]] = [self._list] * 5 + [self._any] * 2 + [self._form] * 3 + [self._row] * 2
        kinds += [self._search, self._sign_in]
        return self._chance.choice(kinds)()

    def _list(self) -> Sent:
        page = self._chance.choice(list(self._lists))
        query: Pairs = []
        for _ in range(self._chance.choice((1, 1, 1, 2))):
            name, values = self._chance.choice(self._lists[page])
            query.append((name, self._chance.choice(values)))
        if self._chance.random() < 1 / 4:
            query.append((self._chance.choice(_CONTROLS), self._value()))
        return Sent(page, "GET", _address(page, query))

    def _search(self) -> Sent:
        page = self._chance.choice(list(self._lists))
        return Sent(page, "GET", _address(page, [("q", self._value()), *self._controls(1 / 4)]))

    def _sign_in(self) -> Sent:
        fields: Pairs = [("username", self._value()), ("password", self._value()), *self._fields()]
        kind = "application/x-www-form-urlencoded"
        return Sent("/admin/login/", "POST", "/admin/login/", {"Content-Type": kind}, body=_encoded(fields).encode())

    def _row(self) -> Sent:
        page = self._chance.choice([page for page in self._pages if "{}" in page])
        return Sent(page, "GET", _address(self._filled(page), self._controls(1 / 4)))

    def _any(self) -> Sent:
        page = self._chance.choice(self._pages)
        method = self._chance.choice(("GET", "GET", *_OTHER_METHODS))
        headers, cookie = {}, ""
        if self._chance.random() < 1 / 2:
            headers = {self._chance.choice(_HEADERS): _in_header(self._value())}
        else:
            cookie = f"{self._chance.choice(_COOKIES)}={_in_header(self._value())}"
        return Sent(page, method, _address(self._filled(page), self._controls(1 / 2)), headers, cookie)

    def _form(self) -> Sent:
        # Signing out would end the run.
        page = self._chance.choice([page for page in self._pages if not page.endswith("/logout/")])
        kind, body = self._chance.choice((self._urlencoded, self._multipart, self._broken))()
        return Sent(
            page, "POST", _address(self._filled(page), self._controls(1 / 4)), {"Content-Type": kind}, body=body
        )

    def _value(self) -> Text:
        return self._chance.choice(self._known if self._chance.random() < 1 / 8 else VALUES)

    def _filled(self, page: str) -> str:
        known = self._chance.random() < 1 / 2
        parts = [self._chance.choice(self._known) if known else self._value() for _ in range(page.count("{}"))]
        return page.format(*(_quoted(part, safe="/") for part in parts))

    def _controls(self, often: float) -> Pairs:
        if self._chance.random() < 1 / 50:
            return [("a", "1")] * 400
        if self._chance.random() >= often:
            return []
        return [(self._chance.choice((*_CONTROLS, self._value())), self._value())]

    def _fields(self) -> Pairs:
        if self._chance.random() < 1 / 30:
            return [("a", "1")] * 400
        return [(self._chance.choice(_FORM), self._value()) for _ in range(self._chance.randrange(4))]

    def _urlencoded(self) -> tuple[str, bytes]:
        charset = self._chance.choice(("", "", "; charset=utf-8", "; charset=utf-16"))
        return f"application/x-www-form-urlencoded{charset}", _encoded(self._fields()).encode()

    def _multipart(self) -> tuple[str, bytes]:
        """A multipart body, complete or truncated, in any character set, with names and files of any kind."""
        body, extra = b"", self._chance.choice(_FILES)
        for name, value in [*self._fields(), ("name", self._chance.choice((*BYTES, b"+2AA-", b"\\ud800", b"\\x00")))]:
            head = f'--b\r\nContent-Disposition: form-data; name="{name!s}"{extra}\r\n\r\n'
            body += (
                head.encode() + (value if isinstance(value, bytes) else value.encode(errors="surrogatepass")) + b"\r\n"
            )
        body += b"--b--\r\n"
        cut = self._chance.choice((0, 0, 0, 3, 20))
        return f"multipart/form-data; boundary=b; charset={self._chance.choice(CHARSETS)}", body[: len(body) - cut]

    def _broken(self) -> tuple[str, bytes]:
        kinds = (
            "",
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=" + "b" * 300,
            "application/json",
        )
        return self._chance.choice((*kinds, "application/x-www-form-urlencoded")), self._chance.randbytes(60)


def _address(path: str, query: Pairs) -> str:
    return f"{path}?{_encoded(query)}" if query else path


def _encoded(pairs: Pairs) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)


def _quoted(text: Text, safe: str = "") -> str:
    return quote_from_bytes(text, safe) if isinstance(text, bytes) else quote(text, safe, errors="surrogatepass")


def _in_header(text: Text) -> str:
    """The characters of the text that are allowed in a header."""
    return re.sub(r"[^ -~¡-ÿ]", "", text.decode("latin-1") if isinstance(text, bytes) else text)[:500].strip()
