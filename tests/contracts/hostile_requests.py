"""All hostile requests, each with the expected response."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.contracts.hostile import GONE, INVALID, MIB, NO_JSON, TYPED, Header, Hostile, get, post, typed, whole
from tests.contracts.hostile_bodies import bodies, nested, queries, texts, values
from tests.contracts.resources import RESOURCES, SIMULATION, ResourceCase

__all__ = ["HOSTILE", "LARGE", "TYPED", "Header", "Hostile", "post"]

LARGE = {  # queries that must be refused before they are parsed
    "of-8193-bytes": "limit=1&name=" + "x" * (8193 - 13),
    "of-101-fields": "&".join(f"p{n}=1" for n in range(101)),
    "of-ampersands": "&" * 101,
    "of-one-field-101-times": "&".join(["limit=1"] * 101),
    "of-broken-text": "%ff&" * 16_000,
    "of-a-long-name": "%ff" * 20_000 + "=1",
    "of-equals-signs": "=" * 60_000,
    "of-keys": "gf_a_b%20" * 7_000,
}


def sizes(to: ResourceCase) -> Iterator[Hostile]:
    """Bodies, headers and targets around the size limits."""

    def length(value: bytes) -> tuple[Header, ...]:
        return (*TYPED, (b"content-length", value))

    yield post(to, "a-byte-too-many", 413, "body_too_large", body=b" " * (MIB + 1))
    yield post(to, "60-mb-declared", 413, "body_too_large", headers=length(b"62914560"), body=b"{")
    yield post(to, "60-mb-in-chunks", 413, "body_too_large", body=(b" " * (64 << 10), 960))
    yield post(to, "60-mb-of-bytes", 413, "body_too_large", body=(b"x", 62_914_560))
    yield post(to, "60-mb-that-say-5", 413, "body_too_large", headers=length(b"5"), body=(b" " * (64 << 10), 960))
    yield post(to, "length-of-100-digits", 413, "body_too_large", headers=length(b"9" * 100), body=b"{")
    yield post(to, "length-negative", 413, "body_too_large", headers=length(b"-1"), body=b"{")
    yield Hostile("60-mb-to-delete", 404, to.not_found, to.unknown.encode(), "DELETE", (), (b" " * (64 << 10), 960))
    yield post(to, "a-body-to-get", 200, None, method="GET", headers=(), body=whole(to))
    yield get("a-header-of-33-kb", 431, "headers_too_large", "/livez", (b"x", b"x" * (33 << 10)))
    yield get("3000-headers", 431, "headers_too_large", to.path, *[(b"x-%d" % n, b"abcdef") for n in range(3000)])
    yield get("a-key-of-33-kb", 431, "headers_too_large", to.path, (b"x-api-key", b"g" * (33 << 10)), key=False)
    yield get("a-key-of-30-kb", 401, "unauthenticated", to.path, (b"x-api-key", b"g" * 30_000), key=False)
    yield get("a-request-id-of-30-kb", 200, None, "/livez", (b"x-request-id", b"x" * 30_000))
    yield get("5000-tags", 404, to.not_found, to.unknown, (b"if-none-match", b'"1",' * 5000))
    yield get("tags-never-closed", 422, INVALID, to.unknown, (b"if-none-match", b'"1",' * 5000 + b'"'))
    yield get("commas", 422, INVALID, to.unknown, (b"if-none-match", b", " * 10_000))
    yield get("blanks-and-commas", 422, INVALID, to.unknown, (b"if-none-match", b'"1"' + b" " * 30_000 + b"x"))
    yield get("a-path-of-60-kb", 404, GONE, "/" + "x" * 60_000)
    yield get("a-path-of-60-kb-escaped", 404, GONE, "/" + "%FF" * 20_000)
    yield get("an-id-of-60-kb", 404, to.not_found, f"{to.path}/" + "0" * 60_000)
    yield get("a-cursor-of-60-kb", 400, "invalid_cursor", f"{to.path}?cursor=" + "A" * 60_000)
    yield get("a-parameter-of-60-kb", 422, INVALID, f"{to.path}?" + "x" * 60_000 + "=1")
    yield get("20-parameters-of-5-kb", 422, INVALID, f"{to.path}?" + "&".join(f"{n}{'é' * 2500}=1" for n in range(20)))
    for name, query in LARGE.items():
        yield get(f"query-{name}", 422, INVALID, f"{to.path}?{query}")
        yield get(f"query-{name}-to-me", 422, INVALID, f"/api/v1/me?{query}")
    yield get("a-cursor-of-9-kb-of-the-feed", 400, "invalid_cursor", "/api/v1/changes?after=" + "A" * 9000)
    yield get("a-cursor-of-9-kb-where-there-is-none", 422, INVALID, "/api/v1/me?cursor=" + "A" * 9000)
    yield get("a-limit-of-60000-digits", 422, INVALID, f"{to.path}?limit=" + "1" * 60_000)
    yield get("20000-parameters", 422, INVALID, f"{to.path}?" + "&".join(f"p{n}" for n in range(20_000)))
    yield get("a-parameter-20000-times", 422, INVALID, f"{to.path}?" + "&".join(["limit=1"] * 20_000))


def kinds_of_body(to: ResourceCase) -> Iterator[Hostile]:
    """Wrong and unusual content types and encodings."""
    yield post(to, "no-content-type", 415, "unsupported_media_type", headers=(), body=whole(to))
    yield post(to, "two-content-types", 415, "unsupported_media_type", headers=TYPED * 2, body=whole(to))
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
        yield typed(to, f"content-type-{name}", value)
    for name, value in {
        "charset": b"application/json; charset=utf-8",
        "quoted": b'application/json;charset="UTF-8"',
        "case": b"APPLICATION/JSON ; Charset=Utf-8",
        "more": b'application/json; x="a;b"; y=z;',
    }.items():
        yield typed(to, f"content-type-{name}", value, 201, None)
    for encoding in (b"gzip", b"br", b"deflate", b"identity", b"x", b""):
        headers = (*TYPED, (b"content-encoding", encoding))
        yield post(to, f"encoding-{encoding.decode()}", 415, "unsupported_media_type", headers=headers, body=whole(to))
    bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\x00" * 1000
    yield post(to, "gzip-unsaid", 400, NO_JSON, body=bomb)


def callers(to: ResourceCase) -> Iterator[Hostile]:
    """Repeated and malformed keys, and attempts to override the method."""
    unknown = b"gf_00000000000000_" + b"0" * 49
    for name, value in {
        "unknown": unknown,
        "empty": b"",
        "blank": b" ",
        "quotes": b"' OR ''='",
        "list": unknown + b", x",
    }.items():
        yield get(f"key-{name}", 401, "unauthenticated", to.path, (b"x-api-key", value), key=False)
    for name, value in {
        "none": b"Bearer",
        "two-words": b"Bearer a b",
        "basic": b"Basic eDp5",
        "digest": b'Digest username="x"',
        "no-scheme": unknown,
        "scheme-glued": b"Bearer" + unknown,
    }.items():
        yield get(f"authorization-{name}", 401, "unauthenticated", to.path, (b"authorization", value), key=False)
    yield get("no-key", 401, "unauthenticated", to.path, key=False)
    yield get("a-second-key", 401, "unauthenticated", to.path, (b"x-api-key", unknown))
    yield get("a-second-empty-key", 401, "unauthenticated", to.path, (b"x-api-key", b""))
    yield get("a-key-and-a-bearer", 401, "unauthenticated", to.path, (b"authorization", b"Bearer " + unknown))
    yield get("a-key-and-basic", 401, "unauthenticated", to.path, (b"authorization", b"Basic eDp5"))
    yield get("a-key-in-the-query", 401, "unauthenticated", f"{to.path}?api_key=x&key=x", key=False)
    yield get("a-key-in-a-cookie", 401, "unauthenticated", to.path, (b"cookie", b"X-API-Key=" + unknown), key=False)
    for header in (b"x-http-method-override", b"x-http-method", b"x-method-override"):
        yield get(f"{header.decode()}", 200, None, to.path, (header, b"DELETE"))
        yield Hostile(
            f"{header.decode()}-post",
            404,
            to.not_found,
            to.unknown.encode(),
            "POST",
            (*TYPED, (header, b"DELETE")),
            b"{}",
        )
    for header in (b"x-original-url", b"x-rewrite-url", b"x-forwarded-prefix", b"x-forwarded-host", b"forwarded"):
        yield get(f"{header.decode()}", 200, None, to.path, (header, b"/admin/"))
    for method in ("OPTIONS", "TRACE", "CONNECT", "PUT", "DELETE", "PROPFIND", "get", "FOO", "", "\x00"):
        yield post(to, f"verb-{method!a}", 405, "method_not_allowed", method=method, body=whole(to))


def paths(to: ResourceCase) -> Iterator[Hostile]:
    """Path traversal and other unusual paths."""
    one = "0199f3c2-0000-7000-8000-000000000000"
    for path in ("", "/api", "/api/", "/api/v1", "/api/v1/", f"{to.path}/", f"{to.path}//",
                 f"/{to.path}", f"{to.path}/.", f"{to.path}/../keys", "/api//v1/keys",
                 "/api/v1/./keys", "/api/v1/x/../keys", f"{to.path};x=1", f"{to.path}.",
                 f"{to.path}.json", f"{to.path}%00", f"{to.path}%0A", f"{to.path}%20",
                 f"{to.path}%3F", f"{to.path}%23", f"{to.path}/a/b", f"{to.path}/{one}%2Fx",
                 f"{to.path}/{one}/", to.path.upper(), "/API/v1/me", "/api/v2/me", "/api/v1/me%0A",
                 "/livez%0A", "/livez/", "/problems/", "/problems/no-such", "/problems/not_found",
                 "/problems/not-found%0A", "/problems/../livez", "/docs/assets/../../x",
                 "/docs/assets/..%2f..%2fx", "/docs/assets/%2e%2e/%2e%2e/etc/passwd", "/docs/assets/%00",
                 "/docs/assets/" + "x" * 5000, "/workbench/", "/workbench/sign-in/x", "/workbench/%2e%2e/x",
                 "/.env", "/.git/config", "/wp-login.php", "/*",
                 "http://localhost/livez", "/%2e%2e/%2e%2e/etc/passwd"):  # fmt: skip
        wrong = to.not_found if path == f"{to.path}/." else GONE
        yield get(f"path-{path[:70]}", 404, wrong, path)
    for id in ("%2e%2e", "..", "%2e", "*", "0", "-1", "null", "undefined", "1e1", one[:-1], one + "0",
               f"{{{one}}}", f"urn:uuid:{one}", one.replace("-", ""), f"%20{one}", f"{one}%0A", f"{one};x",
               f"{one}.json", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
               "'%20OR%201=1"):  # fmt: skip
        wrong = GONE if id.endswith("%0A") else to.not_found
        yield get(f"id-{id}", 404, wrong, f"{to.path}/{id}")


def hostile_to(to: ResourceCase) -> Iterator[Hostile]:
    """All hostile requests to this resource."""
    for made in (texts, bodies, values, nested, sizes, kinds_of_body, queries, callers, paths):
        yield from made(to)


HOSTILE = [
    replace(each, id=f"{to.plural}-{each.id}")
    for to in RESOURCES
    for each in hostile_to(to)
    # Requests to other paths are the same for each resource.
    if to is SIMULATION or each.target.startswith(to.path.encode())
]
