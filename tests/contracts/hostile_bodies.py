"""Hostile bodies and queries for schemas and parsers, each with the expected response."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from domain import fields as kinds
from domain.paging import Comparison
from tests.contracts.hostile import GONE, INVALID, NO_JSON, TYPED, Hostile, get, post, raw, typed, whole
from tests.contracts.http_service import KEYS
from tests.contracts.resources import ResourceCase

BAD_TEXT = {"nul": "a\x00b", "surrogate": "a\ud800", "newline": "a\nb", "c1": "a\x85b", "long": "x" * 100_000}
LONG = "x" * 20_000


def days(to: ResourceCase) -> list[str]:
    """The members that hold a day and cannot be null."""
    fields = to.spec.fields.items()
    return [name for name, each in fields if isinstance(each.kind, kinds.Day) and not each.optional]


def day_filters(to: ResourceCase) -> list[str]:
    """The list parameters that take a day."""
    return [name for name, each in to.spec.filters.items() if isinstance(each.kind, kinds.Day)]


def parts(to: ResourceCase) -> list[str]:
    """The list parameters that take a part of a text."""
    return [name for name, each in to.spec.filters.items() if each.compares[0][1] is Comparison.CONTAINS]


def texts(to: ResourceCase) -> Iterator[Hostile]:
    """NUL and other invalid characters in every place that takes a string."""
    for name, text in BAD_TEXT.items():
        sent = json.dumps({"name": text, "scopes": ["keys:manage"]}).encode()
        for member in (to.label, *days(to)):
            yield post(to, f"{member}-{name}", 422, INVALID, body=whole(to, **{member: text}))
        yield post(to, f"member-{name}", 422, INVALID, body=whole(to, **{text: 1}))
        yield Hostile(f"key-name-{name}", 422, INVALID, KEYS.encode(), body=sent)
        sent = json.dumps({"name": "n", "scopes": [text], "expires_at": text}).encode()
        yield Hostile(f"key-scope-and-expiry-{name}", 422, INVALID, KEYS.encode(), body=sent)
    for name, text in {"nul": "%00", "surrogate": "%ED%A0%80", "newline": "%0A", "broken": "%FF", "half": "%"}.items():
        odd = name != "half"  # a percent sign by itself is a plain character
        for part in parts(to):
            yield get(f"query-{part}-{name}", 422 if odd else 200, INVALID if odd else None, f"{to.path}?{part}={text}")
        for day in day_filters(to):
            yield get(f"query-{day}-{name}", 422, INVALID, f"{to.path}?{day}={text}")
        yield get(f"query-sort-{name}", 422, INVALID, f"{to.path}?sort={text}")
        yield get(f"query-limit-{name}", 422, INVALID, f"{to.path}?limit={text}")
        yield get(f"query-cursor-{name}", 400, "invalid_cursor", f"{to.path}?cursor={text}")
        yield get(f"query-parameter-{name}", 422, INVALID, f"{to.path}?{text}=1")
        yield get(f"id-{name}", 404, to.not_found, f"{to.path}/{text}x")
        yield get(f"key-id-{name}", 404, "key_not_found", f"{KEYS}/{text}x")
        yield get(f"problem-{name}", 404, GONE, f"/problems/{text}x")
        yield get(f"path-{name}", 404, GONE, f"/api/v1/{text}x")
    for name, value in {"nul": b"a\x00b", "surrogate": b"\xed\xa0\x80", "latin-1": b"\xe9", "newline": b"a\nb"}.items():
        yield post(
            to, f"idempotency-{name}", 422, INVALID, headers=(*TYPED, (b"idempotency-key", value)), body=whole(to)
        )
        yield get(f"if-none-match-{name}", 422, INVALID, to.unknown, (b"if-none-match", value))
        yield Hostile(
            f"if-match-{name}", 422, INVALID, to.unknown.encode(), "DELETE", headers=((b"if-match", b'"' + value),)
        )
        yield get(f"key-{name}", 401, "unauthenticated", to.path, (b"x-api-key", value), key=False)
        yield get(f"bearer-{name}", 401, "unauthenticated", to.path, (b"authorization", b"Bearer " + value), key=False)
        yield get(f"request-id-{name}", 200, None, "/livez", (b"x-request-id", value))
        yield get(f"host-{name}", 400, "invalid_host", "/problems/not-found", (b"host", value))
        yield typed(to, f"content-type-{name}", value)
        yield typed(to, f"charset-{name}", b"application/json; charset=" + value)


def bodies(to: ResourceCase) -> Iterator[Hostile]:
    """Malformed JSON, and JSON that is valid but unusual."""

    def body(id: str, status: int, code: str, body: bytes) -> Hostile:
        return post(to, id, status, code, body=body)

    yield body("empty", 400, NO_JSON, b"")
    yield body("blank", 400, NO_JSON, b" \n\t ")
    yield body("nul", 400, NO_JSON, b"\x00" * 1000)
    yield body("two-values", 400, NO_JSON, whole(to) * 2)
    yield body("trailing-comma", 400, NO_JSON, whole(to)[:-1] + b",}")
    yield body("comment", 400, NO_JSON, b"/**/" + whole(to))
    yield body("single-quotes", 400, NO_JSON, whole(to).replace(b'"', b"'"))
    yield body("raw-newline", 400, NO_JSON, raw(to, b'"Wi\nng"'))
    yield body("bad-escape", 400, NO_JSON, raw(to, rb'"\x41"'))
    yield body("cut-escape", 400, NO_JSON, raw(to, rb'"\u00"'))
    yield body("invalid-utf-8", 400, NO_JSON, raw(to, b'"\xff"'))
    yield body("overlong-utf-8", 400, NO_JSON, raw(to, b'"\xc0\x80"'))
    yield body("surrogates-in-utf-8", 400, NO_JSON, raw(to, b'"\xed\xa0\x80"'))
    yield body("utf-16", 400, NO_JSON, whole(to).decode().encode("utf-16"))
    yield body("utf-32", 400, NO_JSON, whole(to).decode().encode("utf-32"))
    yield body("byte-order-mark", 400, NO_JSON, b"\xef\xbb\xbf" + whole(to))
    yield body("form", 400, NO_JSON, b"name=a&start_date=2026-01-05")
    yield body("xml", 400, NO_JSON, b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>')
    for constant in (b"NaN", b"Infinity", b"-Infinity", b"nan", b"undefined"):
        yield body(constant.decode(), 400, NO_JSON, b'{"name": ' + constant + b"}")
    for number in (b"1e999", b"-1e999", b"1e-999", b"1", b"1" * 4300, b"1" * 4301, b"1" * 900_000, b"-0", b"1.5"):
        yield body(
            f"number-{number[:6].decode()}-{len(number)}", 422, INVALID, whole(to)[:-1] + b', "x": ' + number + b"}"
        )
    for value in (b"null", b"true", b"1", b'""', b"[]", b"[{}]", b"{}", b"[" + whole(to) + b"]"):
        yield body(f"value-{value[:6].decode()}", 422, INVALID, value)
    for value in (b"null", b"true", b"7", b"[]", b"{}", b'["a"]', b'{"$gt": ""}'):
        for member in (to.label, *days(to)):
            if value == b"null" and to.spec.fields[member].optional:
                continue
            yield body(f"{member}-{value.decode()}", 422, INVALID, raw(to, value, member))
    for depth in (65, 500, 900, 970, 990, 1000, 10_000, 500_000):
        yield body(f"arrays-{depth}", 422, INVALID, b"[" * depth + b"]" * depth)
        yield body(f"objects-{depth}", 422, INVALID, b'{"a":' * min(depth, 150_000) + b"1" + b"}" * min(depth, 150_000))
    yield body("arrays-unclosed", 422, INVALID, b"[" * 10_000)
    yield body("duplicate-member", 422, INVALID, b"{" + json.dumps(to.label).encode() + b': "a", ' + whole(to)[1:])
    escaped = rf'{{"\u{ord(to.label[0]):04x}{to.label[1:]}": "a", '
    yield body("duplicate-member-escaped", 422, INVALID, escaped.encode() + whole(to)[1:])
    yield body("duplicate-member-nested", 422, INVALID, b'{"x": {"a": 1, "a": 2}}')
    yield body("one-member-100000-times", 422, INVALID, b"{" + b",".join([b'"a":1'] * 100_000) + b"}")
    twice = b",".join(b'"%d":1' % (n // 2) for n in range(80_000))
    yield body("40000-members-twice", 422, INVALID, b"{" + twice + b"}")
    yield body("80000-members", 422, INVALID, b"{" + b",".join(b'"%d":1' % n for n in range(80_000)) + b"}")
    yield body("a-member-of-1-mb", 422, INVALID, b'{"' + b"/" * 1_000_000 + b'": 1}')
    yield body("a-member-of-1-mb-twice", 422, INVALID, b"{" + b",".join([b'"' + b"~" * 400_000 + b'": 1'] * 2) + b"}")
    yield body("40-members-of-25-kb", 422, INVALID, json.dumps({f"{n}{LONG}": 1 for n in range(40)}).encode())
    yield body("a-name-of-1-mb", 422, INVALID, whole(to, **{to.label: "🐐" * 80_000}))
    yield body(
        "members-of-the-machine", 422, INVALID, whole(to, __class__="x", __proto__={}, constructor=1, _method="PUT")
    )


def values(to: ResourceCase) -> Iterator[Hostile]:
    """Invalid days, moments and scopes."""
    for text in ("0000-01-01", "10000-01-01", "-0001-01-01", "2026-02-30", "2026-13-01", "2026-1-5", "20260105",
                 "2026-W01-1", "2026-01-05T00:00:00Z", " 2026-01-05", "2026-01-05\n",
                 "\u0662\u0660\u0662\u0666-01-05", "", "today"):  # fmt: skip
        for day in days(to):
            yield post(to, f"{day}-{text!a}", 422, INVALID, body=whole(to, **{day: text}))
    for text in ("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00",
                 "2099-01-01T24:00:00Z", "9999-12-31T23:59:59-00:01", "2099-01-01", "2099-01-01T00:00:00",
                 "2099-01-01T00:00:00+24:00", "2099-01-01T00:00:00.Z", "2099-01-01T23:59:60Z",
                 "2020-01-01T00:00:00Z", "4070908800"):  # fmt: skip
        sent = json.dumps({"name": "n", "scopes": ["keys:manage"], "expires_at": text}).encode()
        yield Hostile(f"expires_at-{text!a}", 422, INVALID, KEYS.encode(), body=sent)
    refused: list[Any] = [
        [],
        None,
        {},
        "keys:manage",
        ["*"],
        [None],
        [[]],
        ["keys:manage"] * 1000,
        ["KEYS:MANAGE"],
    ]
    for scopes in refused:
        sent = json.dumps({"name": "n", "scopes": scopes}).encode()
        yield Hostile(f"scopes-{str(scopes)[:20]}", 422, INVALID, KEYS.encode(), body=sent)


def nested(to: ResourceCase) -> Iterator[Hostile]:
    """Bodies nested as deeply as Python can parse: hashing and error reports must handle them too."""
    for depth in (64, 65, 900, 970, 985, 990):
        body = whole(to)[:-1] + b', "x": ' + b'[{"y":' * (depth // 2) + b"1" + b"}]" * (depth // 2) + b"}"
        headers = (*TYPED, (b"idempotency-key", b"k"))
        for target in (to.path, KEYS, to.unknown, f"{to.unknown}/restore"):
            yield Hostile(f"once-{depth}-{target}", 422, INVALID, target.encode(), headers=headers, body=body)
    for digits in (400, 401, 4300):
        body = whole(to)[:-1] + b', "x": [' + b",".join([b"-" + b"9" * digits] * 200) + b"]}"
        headers = (*TYPED, (b"idempotency-key", b"k"))
        yield post(to, f"once-{digits}-digits", 422, INVALID, headers=headers, body=body)


def queries(to: ResourceCase) -> Iterator[Hostile]:
    """Boundary values of ``limit``, and invalid cursors."""
    for limit in ("0", "101", "-1", "+1", "1.0", "1e1", "0x10", "\u0663", "\uff11", "1_0", "%201", "1%20",
                  "NaN", "null", "true", "9" * 30, "00001", "1,2", "[1]", "%2500"):  # fmt: skip
        target = f"{to.path}?limit={limit}".encode().decode("latin-1")
        yield get(f"limit-{limit!a}", 422, INVALID, target)
    for limit in ("1", "01", "100"):
        yield get(f"limit-{limit}", 200, None, f"{to.path}?limit={limit}")
    for cursor in ("", "x", "=", "====", "AAAA", "a" * 43, "..", "%2B%2F", "e30", "bnVsbA", "-_-_", "null", "0", "%20"):
        yield get(f"cursor-{cursor}", 400, "invalid_cursor", f"{to.path}?cursor={cursor}")
    yield get("two-cursors", 400, "invalid_cursor", f"{to.path}?cursor=x&cursor=x")
    yield get("cursor-without-value", 400, "invalid_cursor", f"{to.path}?cursor")
    for query in ("name[]=a", "name[$ne]=a", "sort[]=name", "sort=name;drop", "sort=name,-name", "fields=name",
                  "_=1", "_method=DELETE", "=", "==", "&&=&", "limit=1;sort=name", "__proto__=1", "owner_id=x",
                  "format=xml", "callback=x", *(
                      f"{day}={text}" for day in day_filters(to)
                      for text in ("0000-01-01", "10000-01-01", "2026-02-30", "' OR 1=1 --")
                  )):  # fmt: skip
        yield get(f"query-{query}", 422, INVALID, f"{to.path}?{query.replace(' ', '+')}")
    for part in ("%25", "_", "%5C", "'", "%22%3B--", "%F0%9F%90%90", "%E2%80%AE"):
        for name in parts(to):
            yield get(f"{name}-{part}", 200, None, f"{to.path}?{name}={part}")
