"""Hostile requests, each with the answer that it gets: bytes that no well-meaning client sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.contracts.http_api import KEYS, SIMULATIONS, UNKNOWN, WING

Header: TypeAlias = tuple[bytes, bytes]
MIB = 1 << 20
TYPED: tuple[Header, ...] = ((b"content-type", b"application/json"),)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A request as bytes, and its answer; ``None`` for the code of an answer that is no refusal."""

    id: str
    status: int
    code: str | None
    target: bytes = SIMULATIONS.encode()
    method: str = "POST"
    headers: tuple[Header, ...] = TYPED
    body: bytes | tuple[bytes, int] = b""
    """All of it, or a chunk and how many of it come without a word of how many there will be."""
    key: bool = True


def wing(**members: object) -> bytes:
    return json.dumps(WING | members).encode()


def get(id: str, status: int, code: str | None, target: str, *headers: Header, **more: Any) -> Hostile:
    return Hostile(id, status, code, target.encode("latin-1"), "GET", headers, **more)


def typed(id: str, value: bytes, status: int = 415, code: str | None = "unsupported_media_type") -> Hostile:
    return Hostile(id, status, code, headers=((b"content-type", value),), body=wing())


INVALID, NO_JSON, GONE = "validation_failed", "malformed_json", "not_found"
BAD_TEXT = {"nul": "a\x00b", "surrogate": "a\ud800", "newline": "a\nb", "c1": "a\x85b", "long": "x" * 100_000}
LONG = "x" * 20_000
LARGE = {  # queries that nobody is to parse
    "of-8193-bytes": "limit=1&name=" + "x" * (8193 - 13),
    "of-101-fields": "&".join(f"p{n}=1" for n in range(101)),
    "of-ampersands": "&" * 101,
    "of-one-field-101-times": "&".join(["limit=1"] * 101),
    "of-broken-text": "%ff&" * 16_000,
    "of-a-long-name": "%ff" * 20_000 + "=1",
    "of-equals-signs": "=" * 60_000,
    "of-keys": "gf_a_b%20" * 7_000,
}


def texts() -> Iterator[Hostile]:
    """NUL and worse in every place that takes a string."""
    for name, text in BAD_TEXT.items():
        sent = json.dumps({"name": text, "scopes": ["simulations:read"]}).encode()
        yield Hostile(f"name-{name}", 422, INVALID, body=wing(name=text))
        yield Hostile(f"start_date-{name}", 422, INVALID, body=wing(start_date=text))
        yield Hostile(f"member-{name}", 422, INVALID, body=wing(**{text: 1}))
        yield Hostile(f"key-name-{name}", 422, INVALID, KEYS.encode(), body=sent)
        sent = json.dumps({"name": "n", "scopes": [text], "expires_at": text}).encode()
        yield Hostile(f"key-scope-and-expiry-{name}", 422, INVALID, KEYS.encode(), body=sent)
    for name, text in {"nul": "%00", "surrogate": "%ED%A0%80", "newline": "%0A", "broken": "%FF", "half": "%"}.items():
        odd = name != "half"  # a percent sign alone is but a letter
        yield get(f"query-name-{name}", 422 if odd else 200, INVALID if odd else None, f"{SIMULATIONS}?name={text}")
        yield get(f"query-date-{name}", 422, INVALID, f"{SIMULATIONS}?active_on={text}")
        yield get(f"query-sort-{name}", 422, INVALID, f"{SIMULATIONS}?sort={text}")
        yield get(f"query-limit-{name}", 422, INVALID, f"{SIMULATIONS}?limit={text}")
        yield get(f"query-cursor-{name}", 400, "invalid_cursor", f"{SIMULATIONS}?cursor={text}")
        yield get(f"query-parameter-{name}", 422, INVALID, f"{SIMULATIONS}?{text}=1")
        yield get(f"id-{name}", 404, "simulation_not_found", f"{SIMULATIONS}/{text}x")
        yield get(f"key-id-{name}", 404, "key_not_found", f"{KEYS}/{text}x")
        yield get(f"problem-{name}", 404, GONE, f"/problems/{text}x")
        yield get(f"path-{name}", 404, GONE, f"/api/v1/{text}x")
    for name, raw in {"nul": b"a\x00b", "surrogate": b"\xed\xa0\x80", "latin-1": b"\xe9", "newline": b"a\nb"}.items():
        yield Hostile(f"idempotency-{name}", 422, INVALID, headers=(*TYPED, (b"idempotency-key", raw)), body=wing())
        yield get(f"if-none-match-{name}", 422, INVALID, UNKNOWN, (b"if-none-match", raw))
        yield Hostile(
            f"if-match-{name}", 422, INVALID, UNKNOWN.encode(), "DELETE", headers=((b"if-match", b'"' + raw),)
        )
        yield get(f"key-{name}", 401, "unauthenticated", SIMULATIONS, (b"x-api-key", raw), key=False)
        yield get(
            f"bearer-{name}", 401, "unauthenticated", SIMULATIONS, (b"authorization", b"Bearer " + raw), key=False
        )
        yield get(f"request-id-{name}", 200, None, "/livez", (b"x-request-id", raw))
        yield get(f"host-{name}", 400, "invalid_host", "/problems/not-found", (b"host", raw))
        yield typed(f"content-type-{name}", raw)
        yield typed(f"charset-{name}", b"application/json; charset=" + raw)


def bodies() -> Iterator[Hostile]:
    """What is no JSON, or JSON that nobody would write."""

    def body(id: str, status: int, code: str, body: bytes) -> Hostile:
        return Hostile(id, status, code, body=body)

    yield body("empty", 400, NO_JSON, b"")
    yield body("blank", 400, NO_JSON, b" \n\t ")
    yield body("nul", 400, NO_JSON, b"\x00" * 1000)
    yield body("two-values", 400, NO_JSON, wing() * 2)
    yield body("trailing-comma", 400, NO_JSON, wing()[:-1] + b",}")
    yield body("comment", 400, NO_JSON, b"/**/" + wing())
    yield body("single-quotes", 400, NO_JSON, wing().replace(b'"', b"'"))
    yield body("raw-newline", 400, NO_JSON, wing().replace(b"Wing", b"Wi\nng"))
    yield body("bad-escape", 400, NO_JSON, wing().replace(b"Wing", rb"\x41"))
    yield body("cut-escape", 400, NO_JSON, wing().replace(b"Wing", rb"\u00"))
    yield body("invalid-utf-8", 400, NO_JSON, wing().replace(b"Wing", b"\xff"))
    yield body("overlong-utf-8", 400, NO_JSON, wing().replace(b"Wing", b"\xc0\x80"))
    yield body("surrogates-in-utf-8", 400, NO_JSON, wing().replace(b"Wing", b"\xed\xa0\x80"))
    yield body("utf-16", 400, NO_JSON, wing().decode().encode("utf-16"))
    yield body("utf-32", 400, NO_JSON, wing().decode().encode("utf-32"))
    yield body("byte-order-mark", 400, NO_JSON, b"\xef\xbb\xbf" + wing())
    yield body("form", 400, NO_JSON, b"name=a&start_date=2026-01-05")
    yield body("xml", 400, NO_JSON, b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>')
    for constant in (b"NaN", b"Infinity", b"-Infinity", b"nan", b"undefined"):
        yield body(constant.decode(), 400, NO_JSON, b'{"name": ' + constant + b"}")
    for number in (b"1e999", b"-1e999", b"1e-999", b"1", b"1" * 4300, b"1" * 4301, b"1" * 900_000, b"-0", b"1.5"):
        yield body(
            f"number-{number[:6].decode()}-{len(number)}", 422, INVALID, wing()[:-1] + b', "x": ' + number + b"}"
        )
    for value in (b"null", b"true", b"1", b'""', b"[]", b"[{}]", b"{}", b"[" + wing() + b"]"):
        yield body(f"value-{value[:6].decode()}", 422, INVALID, value)
    for value in (b"null", b"true", b"7", b"[]", b"{}", b'["a"]', b'{"$gt": ""}'):
        yield body(f"name-{value.decode()}", 422, INVALID, wing(name=0).replace(b'"name": 0', b'"name": ' + value))
        yield body(f"date-{value.decode()}", 422, INVALID, wing(end_date=0).replace(b": 0", b": " + value))
    for depth in (65, 500, 900, 970, 990, 1000, 10_000, 500_000):
        yield body(f"arrays-{depth}", 422, INVALID, b"[" * depth + b"]" * depth)
        yield body(f"objects-{depth}", 422, INVALID, b'{"a":' * min(depth, 150_000) + b"1" + b"}" * min(depth, 150_000))
    yield body("arrays-unclosed", 422, INVALID, b"[" * 10_000)
    yield body("duplicate-member", 422, INVALID, b'{"name": "a", ' + wing()[1:])
    yield body("duplicate-member-escaped", 422, INVALID, rb'{"n\u0061me": "a", ' + wing()[1:])
    yield body("duplicate-member-nested", 422, INVALID, b'{"x": {"a": 1, "a": 2}}')
    yield body("one-member-100000-times", 422, INVALID, b"{" + b",".join([b'"a":1'] * 100_000) + b"}")
    twice = b",".join(b'"%d":1' % (n // 2) for n in range(80_000))
    yield body("40000-members-twice", 422, INVALID, b"{" + twice + b"}")
    yield body("80000-members", 422, INVALID, b"{" + b",".join(b'"%d":1' % n for n in range(80_000)) + b"}")
    yield body("a-member-of-1-mb", 422, INVALID, b'{"' + b"/" * 1_000_000 + b'": 1}')
    yield body("a-member-of-1-mb-twice", 422, INVALID, b"{" + b",".join([b'"' + b"~" * 400_000 + b'": 1'] * 2) + b"}")
    yield body("40-members-of-25-kb", 422, INVALID, json.dumps({f"{n}{LONG}": 1 for n in range(40)}).encode())
    yield body("a-name-of-1-mb", 422, INVALID, wing(name="🐐" * 80_000))
    yield body("members-of-the-machine", 422, INVALID, wing(__class__="x", __proto__={}, constructor=1, _method="PUT"))
    for text in ("0000-01-01", "10000-01-01", "-0001-01-01", "2026-02-30", "2026-13-01", "2026-1-5", "20260105",
                 "2026-W01-1", "2026-01-05T00:00:00Z", " 2026-01-05", "2026-01-05\n",
                 "\u0662\u0660\u0662\u0666-01-05", "", "today"):  # fmt: skip
        yield body(f"date-{text!a}", 422, INVALID, wing(start_date=text))
    for text in ("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00",
                 "2099-01-01T24:00:00Z", "9999-12-31T23:59:59-00:01", "2099-01-01", "2099-01-01T00:00:00",
                 "2099-01-01T00:00:00+24:00", "2099-01-01T00:00:00.Z", "2099-01-01T23:59:60Z",
                 "2020-01-01T00:00:00Z", "4070908800"):  # fmt: skip
        sent = json.dumps({"name": "n", "scopes": ["simulations:read"], "expires_at": text}).encode()
        yield Hostile(f"expires_at-{text!a}", 422, INVALID, KEYS.encode(), body=sent)
    refused: list[Any] = [
        [],
        None,
        {},
        "simulations:read",
        ["*"],
        [None],
        [[]],
        ["keys:manage"] * 1000,
        ["KEYS:MANAGE"],
    ]
    for scopes in refused:
        sent = json.dumps({"name": "n", "scopes": scopes}).encode()
        yield Hostile(f"scopes-{str(scopes)[:20]}", 422, INVALID, KEYS.encode(), body=sent)


def nested() -> Iterator[Hostile]:
    """What is nested as deeply as Python parses, of which digests and complaints are made before any rule sees it."""
    for depth in (64, 65, 900, 970, 985, 990):
        body = wing()[:-1] + b', "x": ' + b'[{"y":' * (depth // 2) + b"1" + b"}]" * (depth // 2) + b"}"
        headers = (*TYPED, (b"idempotency-key", b"k"))
        for target in (SIMULATIONS, KEYS, UNKNOWN, f"{UNKNOWN}/restore"):
            yield Hostile(f"once-{depth}-{target}", 422, INVALID, target.encode(), headers=headers, body=body)
    for digits in (400, 401, 4300):
        body = wing()[:-1] + b', "x": [' + b",".join([b"-" + b"9" * digits] * 200) + b"]}"
        headers = (*TYPED, (b"idempotency-key", b"k"))
        yield Hostile(f"once-{digits}-digits", 422, INVALID, headers=headers, body=body)


def sizes() -> Iterator[Hostile]:
    """Too much of everything."""

    def length(value: bytes) -> tuple[Header, ...]:
        return (*TYPED, (b"content-length", value))

    yield Hostile("a-byte-too-many", 413, "body_too_large", body=b" " * (MIB + 1))
    yield Hostile("60-mb-declared", 413, "body_too_large", headers=length(b"62914560"), body=b"{")
    yield Hostile("60-mb-in-chunks", 413, "body_too_large", body=(b" " * (64 << 10), 960))
    yield Hostile("60-mb-of-bytes", 413, "body_too_large", body=(b"x", 62_914_560))
    yield Hostile("60-mb-that-say-5", 413, "body_too_large", headers=length(b"5"), body=(b" " * (64 << 10), 960))
    yield Hostile("length-of-100-digits", 413, "body_too_large", headers=length(b"9" * 100), body=b"{")
    yield Hostile("length-negative", 413, "body_too_large", headers=length(b"-1"), body=b"{")
    yield Hostile(
        "60-mb-to-delete", 404, "simulation_not_found", UNKNOWN.encode(), "DELETE", (), (b" " * (64 << 10), 960)
    )
    yield Hostile("a-body-to-get", 200, None, method="GET", headers=(), body=wing())
    yield get("a-header-of-33-kb", 431, "headers_too_large", "/livez", (b"x", b"x" * (33 << 10)))
    yield get("3000-headers", 431, "headers_too_large", SIMULATIONS, *[(b"x-%d" % n, b"abcdef") for n in range(3000)])
    yield get("a-key-of-33-kb", 431, "headers_too_large", SIMULATIONS, (b"x-api-key", b"g" * (33 << 10)), key=False)
    yield get("a-key-of-30-kb", 401, "unauthenticated", SIMULATIONS, (b"x-api-key", b"g" * 30_000), key=False)
    yield get("a-request-id-of-30-kb", 200, None, "/livez", (b"x-request-id", b"x" * 30_000))
    yield get("5000-tags", 404, "simulation_not_found", UNKNOWN, (b"if-none-match", b'"1",' * 5000))
    yield get("tags-never-closed", 422, INVALID, UNKNOWN, (b"if-none-match", b'"1",' * 5000 + b'"'))
    yield get("commas", 422, INVALID, UNKNOWN, (b"if-none-match", b", " * 10_000))
    yield get("blanks-and-commas", 422, INVALID, UNKNOWN, (b"if-none-match", b'"1"' + b" " * 30_000 + b"x"))
    yield get("a-path-of-60-kb", 404, GONE, "/" + "x" * 60_000)
    yield get("a-path-of-60-kb-escaped", 404, GONE, "/" + "%FF" * 20_000)
    yield get("an-id-of-60-kb", 404, "simulation_not_found", f"{SIMULATIONS}/" + "0" * 60_000)
    yield get("a-cursor-of-60-kb", 400, "invalid_cursor", f"{SIMULATIONS}?cursor=" + "A" * 60_000)
    yield get("a-parameter-of-60-kb", 422, INVALID, f"{SIMULATIONS}?" + "x" * 60_000 + "=1")
    yield get(
        "20-parameters-of-5-kb", 422, INVALID, f"{SIMULATIONS}?" + "&".join(f"{n}{'é' * 2500}=1" for n in range(20))
    )
    for name, query in LARGE.items():
        yield get(f"query-{name}", 422, INVALID, f"{SIMULATIONS}?{query}")
        yield get(f"query-{name}-to-me", 422, INVALID, f"/api/v1/me?{query}")
    yield get("a-cursor-of-9-kb-of-the-feed", 400, "invalid_cursor", "/api/v1/changes?after=" + "A" * 9000)
    yield get("a-cursor-of-9-kb-where-there-is-none", 422, INVALID, "/api/v1/me?cursor=" + "A" * 9000)
    yield get("a-limit-of-60000-digits", 422, INVALID, f"{SIMULATIONS}?limit=" + "1" * 60_000)
    yield get("20000-parameters", 422, INVALID, f"{SIMULATIONS}?" + "&".join(f"p{n}" for n in range(20_000)))
    yield get("a-parameter-20000-times", 422, INVALID, f"{SIMULATIONS}?" + "&".join(["limit=1"] * 20_000))


def kinds_of_body() -> Iterator[Hostile]:
    """Content types and encodings, wrong and odd."""
    yield Hostile("no-content-type", 415, "unsupported_media_type", headers=(), body=wing())
    yield Hostile("two-content-types", 415, "unsupported_media_type", headers=TYPED * 2, body=wing())
    for name, value in {
        "empty": b"",
        "text": b"text/plain",
        "any": b"*/*",
        "form": b"multipart/form-data; boundary=x",
        "problem": b"application/problem+json",
        "merge-patch": b"application/merge-patch+json",
        "suffix": b"application/vnd.api+json",
        "no-slash": b"json",
        "list": b"application/json, application/json",
        "of-latin-1": b"application/json; charset=iso-8859-1",
        "utf-16": b"application/json; charset=utf-16",
        "utf-7": b"application/json; charset=utf-7",
        "two-charsets": b"application/json; charset=utf-8; charset=utf-16",
        "no-charset": b"application/json; charset=",
        "quote": b'application/json; charset="utf-8',
        "no-value": b"application/json; x",
        "encoded": b"application/json; charset*=utf-16''x",
        "continued": b"application/json; charset*0=utf; charset*1=-16",
        "many-digits": b"application/json; charset*" + b"9" * 5000 + b"=x",
        "blanks": b"application/json" + b" " * 30_000 + b"x",
        "blanks-in-the-end": b"application/json;" + b" " * 30_000 + b"x",
        "blanks-after-all": b"application/json; x=y;" + b" ;" * 15_000 + b"x",
        "semicolons": b'application/json; x="' + b";" * 30_000,
        "quotes": b'application/json; x="' + b'\\"' * 15_000,
    }.items():
        yield typed(f"content-type-{name}", value)
    for name, value in {
        "charset": b"application/json; charset=utf-8",
        "quoted": b'application/json;charset="UTF-8"',
        "case": b"APPLICATION/JSON ; Charset=Utf-8",
        "more": b'application/json; x="a;b"; y=z;',
    }.items():
        yield typed(f"content-type-{name}", value, 201, None)
    for encoding in (b"gzip", b"br", b"deflate", b"identity", b"x", b""):
        headers = (*TYPED, (b"content-encoding", encoding))
        yield Hostile(f"encoding-{encoding.decode()}", 415, "unsupported_media_type", headers=headers, body=wing())
    bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\x00" * 1000
    yield Hostile("gzip-unsaid", 400, NO_JSON, body=bomb)


def queries() -> Iterator[Hostile]:
    """Limits and cursors at every edge."""
    for limit in ("0", "101", "-1", "+1", "1.0", "1e1", "0x10", "\u0663", "\uff11", "1_0", "%201", "1%20",
                  "NaN", "null", "true", "9" * 30, "00001", "1,2", "[1]", "%2500"):  # fmt: skip
        target = f"{SIMULATIONS}?limit={limit}".encode().decode("latin-1")
        yield get(f"limit-{limit!a}", 422, INVALID, target)
    for limit in ("1", "01", "100"):
        yield get(f"limit-{limit}", 200, None, f"{SIMULATIONS}?limit={limit}")
    for cursor in ("", "x", "=", "====", "AAAA", "a" * 43, "..", "%2B%2F", "e30", "bnVsbA", "-_-_", "null", "0", "%20"):
        yield get(f"cursor-{cursor}", 400, "invalid_cursor", f"{SIMULATIONS}?cursor={cursor}")
    yield get("two-cursors", 400, "invalid_cursor", f"{SIMULATIONS}?cursor=x&cursor=x")
    yield get("cursor-without-value", 400, "invalid_cursor", f"{SIMULATIONS}?cursor")
    for query in ("name[]=a", "name[$ne]=a", "sort[]=name", "sort=name;drop", "sort=name,-name", "fields=name",
                  "_=1", "_method=DELETE", "=", "==", "&&=&", "limit=1;sort=name", "__proto__=1", "owner_id=x",
                  "format=xml", "callback=x", "active_on=0000-01-01", "active_on=10000-01-01",
                  "start_date_to=2026-02-30", "end_date_from=' OR 1=1 --"):  # fmt: skip
        yield get(f"query-{query}", 422, INVALID, f"{SIMULATIONS}?{query.replace(' ', '+')}")
    for part in ("%25", "_", "%5C", "'", "%22%3B--", "%F0%9F%90%90", "%E2%80%AE"):
        yield get(f"name-{part}", 200, None, f"{SIMULATIONS}?name={part}")


def callers() -> Iterator[Hostile]:
    """Keys, twice or twisted; and verbs that would be others."""
    unknown = b"gf_00000000000000_" + b"0" * 49
    for name, value in {
        "unknown": unknown,
        "empty": b"",
        "blank": b" ",
        "quotes": b"' OR ''='",
        "list": unknown + b", x",
    }.items():
        yield get(f"key-{name}", 401, "unauthenticated", SIMULATIONS, (b"x-api-key", value), key=False)
    for name, value in {
        "none": b"Bearer",
        "two-words": b"Bearer a b",
        "basic": b"Basic eDp5",
        "digest": b'Digest username="x"',
        "no-scheme": unknown,
        "scheme-glued": b"Bearer" + unknown,
    }.items():
        yield get(f"authorization-{name}", 401, "unauthenticated", SIMULATIONS, (b"authorization", value), key=False)
    yield get("no-key", 401, "unauthenticated", SIMULATIONS, key=False)
    yield get("a-second-key", 401, "unauthenticated", SIMULATIONS, (b"x-api-key", unknown))
    yield get("a-second-empty-key", 401, "unauthenticated", SIMULATIONS, (b"x-api-key", b""))
    yield get("a-key-and-a-bearer", 401, "unauthenticated", SIMULATIONS, (b"authorization", b"Bearer " + unknown))
    yield get("a-key-and-basic", 401, "unauthenticated", SIMULATIONS, (b"authorization", b"Basic eDp5"))
    yield get("a-key-in-the-query", 401, "unauthenticated", f"{SIMULATIONS}?api_key=x&key=x", key=False)
    yield get("a-key-in-a-cookie", 401, "unauthenticated", SIMULATIONS, (b"cookie", b"X-API-Key=" + unknown), key=False)
    for header in (b"x-http-method-override", b"x-http-method", b"x-method-override"):
        yield get(f"{header.decode()}", 200, None, SIMULATIONS, (header, b"DELETE"))
        yield Hostile(
            f"{header.decode()}-post",
            404,
            "simulation_not_found",
            UNKNOWN.encode(),
            "POST",
            (*TYPED, (header, b"DELETE")),
            b"{}",
        )
    for header in (b"x-original-url", b"x-rewrite-url", b"x-forwarded-prefix", b"x-forwarded-host", b"forwarded"):
        yield get(f"{header.decode()}", 200, None, SIMULATIONS, (header, b"/admin/"))
    for method in ("OPTIONS", "TRACE", "CONNECT", "PUT", "DELETE", "PROPFIND", "get", "FOO", "", "\x00"):
        yield Hostile(f"verb-{method!a}", 405, "method_not_allowed", method=method, body=wing())


def paths() -> Iterator[Hostile]:
    """Ways round a path."""
    one = "0199f3c2-0000-7000-8000-000000000000"
    for path in ("/", "", "/api", "/api/", "/api/v1", "/api/v1/", f"{SIMULATIONS}/", f"{SIMULATIONS}//",
                 f"/{SIMULATIONS}", f"{SIMULATIONS}/.", f"{SIMULATIONS}/../keys", "/api//v1/keys",
                 "/api/v1/./keys", "/api/v1/x/../keys", f"{SIMULATIONS};x=1", f"{SIMULATIONS}.",
                 f"{SIMULATIONS}.json", f"{SIMULATIONS}%00", f"{SIMULATIONS}%0A", f"{SIMULATIONS}%20",
                 f"{SIMULATIONS}%3F", f"{SIMULATIONS}%23", f"{SIMULATIONS}/a/b", f"{SIMULATIONS}/{one}%2Fx",
                 f"{SIMULATIONS}/{one}/", SIMULATIONS.upper(), "/API/v1/me", "/api/v2/me", "/api/v1/me%0A",
                 "/livez%0A", "/livez/", "/problems/", "/problems/no-such", "/problems/not_found",
                 "/problems/not-found%0A", "/problems/../livez", "/docs/assets/../../x",
                 "/docs/assets/..%2f..%2fx", "/docs/assets/%2e%2e/%2e%2e/etc/passwd", "/docs/assets/%00",
                 "/docs/assets/" + "x" * 5000, "/.env", "/.git/config", "/wp-login.php", "/*",
                 "http://localhost/livez", "/%2e%2e/%2e%2e/etc/passwd"):  # fmt: skip
        wrong = "simulation_not_found" if path == f"{SIMULATIONS}/." else GONE
        yield get(f"path-{path[:70]}", 404, wrong, path)
    for id in ("%2e%2e", "..", "%2e", "*", "0", "-1", "null", "undefined", "1e1", one[:-1], one + "0",
               f"{{{one}}}", f"urn:uuid:{one}", one.replace("-", ""), f"%20{one}", f"{one}%0A", f"{one};x",
               f"{one}.json", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
               "'%20OR%201=1"):  # fmt: skip
        wrong = GONE if id.endswith("%0A") else "simulation_not_found"
        yield get(f"id-{id}", 404, wrong, f"{SIMULATIONS}/{id}")


HOSTILE = [*texts(), *bodies(), *nested(), *sizes(), *kinds_of_body(), *queries(), *callers(), *paths()]
