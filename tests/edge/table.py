"""HTTP messages and the responses that they must get according to RFC 9110 and RFC 9112."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.edge.raw_client import Answer

KEY = b"<key" + b"." * 62 + b">"
"""A placeholder for a tenant's API key, of the same length."""
LIST = b"/api/v1/simulations"
BODY = b'{"name": "Edge", "start_date": "2026-01-05", "end_date": "2026-02-01"}'
_INNER = b'{"name": "smuggled", "scopes": ["simulations:read"]}'
SMUGGLED = b"\r\n".join(
    [
        *(b"POST /api/v1/keys HTTP/1.1", b"Host: localhost", b"X-API-Key: " + KEY, b"Content-Type: application/json"),
        *(b"Content-Length: %d" % len(_INNER), b"", _INNER),
    ]
)
"""A request in the body of another. If it were executed, it would create a key with this name."""
HEAD_MAX = 64 << 10

Refused = (400, 501)
"""The status codes for a malformed or unknown message."""


@dataclass(frozen=True)
class Row:
    """The bytes to send, and for each response the expected status, or several allowed ones.

    If ``ends`` is set, the server must close the connection afterwards; otherwise it must answer the next request.
    """

    name: str
    sent: bytes
    statuses: Sequence[int | tuple[int, ...]]
    ends: bool = False
    holds: Callable[[Sequence[Answer]], bool] = lambda answers: True
    methods: tuple[str, ...] = ()


def request(start: bytes, *fields: bytes, body: bytes = b"", host: bytes = b"localhost") -> bytes:
    """A request with this request line, these header fields, and the body as it is."""
    named = [b"Host: " + host] if host else []
    return b"\r\n".join([start, *named, *fields, b"", body])


def get(path: bytes = b"/livez", *fields: bytes, host: bytes = b"localhost") -> bytes:
    return request(b"GET %b HTTP/1.1" % path, *fields, host=host)


def post(*fields: bytes, body: bytes = BODY, length: bool = True, path: bytes = LIST, key: bool = True) -> bytes:
    """A request that creates a simulation, with the right Content-Length unless ``length`` is false."""
    given = [b"X-API-Key: " + KEY] if key else []
    given += [b"Content-Length: %d" % len(body)] if length else []
    return request(b"POST %b HTTP/1.1" % path, *given, b"Content-Type: application/json", *fields, body=body)


def chunked(*parts: bytes, trailers: bytes = b"", end: bytes = b"0\r\n") -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return chunks + end + trailers + b"\r\n"


def stream(*parts: bytes, fields: Sequence[bytes] = (), raw: bytes | None = None, trailers: bytes = b"") -> bytes:
    """A request with a chunked body."""
    body = chunked(*parts, trailers=trailers) if raw is None else raw
    return post(b"Transfer-Encoding: chunked", *fields, body=body, length=False)


def me(*fields: bytes) -> bytes:
    return get(b"/api/v1/me", *fields)


PADDED = b"\r\n" * 50_000 + SMUGGLED
"""A body longer than one read. Wherever it is split, the rest could be parsed as a request."""

UPGRADES = [
    Row("upgrade with a long body", post(b"Connection: Upgrade", b"Upgrade: x", body=PADDED), [400]),
    Row(
        "upgrade with long chunks",  # more blank lines than the framer pauses at, so the connection closes
        stream(PADDED, fields=[b"Connection: Upgrade", b"Upgrade: x"]),
        [400],
        ends=True,
    ),
    Row("upgrade to a websocket", get(b"/livez", b"Connection: Upgrade", b"Upgrade: websocket"), [200]),
    Row("upgrade without Connection", get(b"/livez", b"Upgrade: x"), [200]),
    Row("Connection: upgrade without Upgrade", get(b"/livez", b"Connection: upgrade"), [200]),
    Row(
        "h2c upgrade as sent by curl --http2",
        get(
            b"/livez",
            b"Connection: Upgrade, HTTP2-Settings",
            b"Upgrade: h2c",
            b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        ),
        [200],
    ),
    Row(
        "h2c with a body",
        post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
        [201],
    ),
    Row("upgrade with a body", post(b"Connection: Upgrade", b"Upgrade: x"), [201]),
    Row("upgrade with a chunked body", stream(BODY, fields=[b"Connection: Upgrade", b"Upgrade: x"]), [201]),
    Row("upgrade with an empty chunked body", stream(fields=[b"Connection: Upgrade", b"Upgrade: x"]), [400]),
    Row("upgrade with a request as its body", post(b"Connection: Upgrade", b"Upgrade: x", body=SMUGGLED), [400]),
    Row("upgrade in capitals", post(b"CONNECTION: UPGRADE", b"UPGRADE: X", body=SMUGGLED), [400]),
    Row("upgrade among other tokens", post(b"Connection: keep-alive, Upgrade", b"Upgrade: a, b", body=SMUGGLED), [400]),
    Row(
        "upgrade with a chunked request as its body",
        stream(SMUGGLED, fields=[b"Connection: Upgrade", b"Upgrade: x"]),
        [400],
    ),
    Row("two upgrades, one after the other", get(b"/livez", b"Connection: Upgrade", b"Upgrade: x") * 2, [200, 200]),
    Row(
        "upgrade of a GET with a body",
        request(
            b"GET /livez HTTP/1.1",
            b"Connection: Upgrade",
            b"Upgrade: x",
            b"Content-Length: %d" % len(SMUGGLED),
            body=SMUGGLED,
        ),
        [200],
    ),
    Row("upgrade and close", get(b"/livez", b"Connection: Upgrade, close", b"Upgrade: x") + SMUGGLED, [200], ends=True),
    Row("CONNECT", request(b"CONNECT localhost:80 HTTP/1.1") + SMUGGLED, [(400, 405, 501)], ends=True),
    Row(
        "CONNECT with a body",
        request(b"CONNECT localhost:80 HTTP/1.1", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        [(400, 405, 501)],
        ends=True,
    ),
    Row(
        "HTTP/2 with prior knowledge",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0",
        [(400, 505)],
        ends=True,
    ),
]

LENGTHS = [
    Row(
        "Content-Length, then Transfer-Encoding",
        post(b"Transfer-Encoding: chunked", b"Content-Length: 6", body=b"0\r\n\r\n" + SMUGGLED, length=False),
        [Refused],
        ends=True,
    ),
    Row(
        "Transfer-Encoding, then Content-Length",
        post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=chunked(BODY), length=False),
        [Refused],
        ends=True,
    ),
    Row("two lengths", post(b"Content-Length: 0", body=BODY), [Refused], ends=True),
    Row("the same Content-Length twice", post(b"Content-Length: %d" % len(BODY), body=BODY), [Refused], ends=True),
    Row("a list of Content-Lengths", post(b"Content-Length: 5, 5", body=b"12345", length=False), [Refused], ends=True),
    *(
        Row(
            f"a Content-Length of {value!r}",
            post(b"Content-Length: " + value, body=b"12345", length=False),
            [Refused],
            ends=True,
        )
        for value in (b"+5", b"-5", b"0x5", b"5 5", b"5.0", b"5e0", b"five", b"", b"\xb5", b"99999999999999999999999")
    ),
    Row(
        "an immense Content-Length", post(b"Content-Length: 9999999999999999", body=b"", length=False), [413], ends=True
    ),
    Row("a body above the limit", post(body=b" " * (1 << 20) + b"1"), [413]),
    Row("whitespace after the Content-Length", post(b"Content-Length: %d \t" % len(BODY), length=False), [201]),
    Row("a body that is a request", post(body=SMUGGLED), [400]),
    Row("neither Content-Length nor Transfer-Encoding", post(body=b"", length=False), [400]),
    Row(
        "a GET with a body",
        request(b"GET /livez HTTP/1.1", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        [200],
    ),
    Row(
        "a GET with a chunked body",
        request(b"GET /livez HTTP/1.1", b"Transfer-Encoding: chunked", body=chunked(SMUGGLED)),
        [200],
    ),
    Row(
        "a HEAD with a body",
        request(b"HEAD /livez HTTP/1.1", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        [200],
        methods=("HEAD",),
    ),
    Row("a body without a key", post(body=SMUGGLED, key=False), [401]),
]

CODINGS = [
    *(
        Row(
            f"a Transfer-Encoding of {value!r}",
            post(b"Transfer-Encoding: " + value, body=chunked(SMUGGLED), length=False),
            [Refused],
            ends=True,
        )
        for value in (
            b"identity",
            b"gzip, chunked",
            b"chunked, chunked",
            b"xchunked",
            b"chunked;q=1",
            b"\x0bchunked",
            b"chunked, identity",
            b'"chunked"',
            b"",
        )
    ),
    Row(
        "two codings",
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=chunked(BODY), length=False),
        [Refused],
        ends=True,
    ),
    Row(
        "a Transfer-Encoding in HTTP/1.0",
        request(b"POST /api/v1/simulations HTTP/1.0", b"Transfer-Encoding: chunked", body=chunked(BODY)),
        [Refused],
        ends=True,
    ),
    Row(
        "a Transfer-Encoding in whitespace",
        post(b"Transfer-Encoding:  \tchunked  ", body=chunked(BODY), length=False),
        [201],
    ),
    Row(
        "a Transfer-Encoding in capitals", post(b"Transfer-Encoding: CHUNKED", body=chunked(BODY), length=False), [201]
    ),
    Row("chunks", stream(BODY[:10], BODY[10:11], BODY[11:]), [201]),
    Row("a chunk extension", stream(raw=b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)), [201]),
    Row("leading zeros in a chunk size", stream(raw=b"000%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)), [201]),
    *(
        Row(f"a chunk size of {value!r}", stream(raw=value + b"\r\n12345\r\n0\r\n\r\n"), [Refused], ends=True)
        for value in (b"0x5", b"-5", b"+5", b"5 5", b"g", b"", b"ffffffffffffffffff", b" 5", b"5,5")
    ),
    Row("a chunk longer than its size", stream(raw=b"3\r\n12345\r\n0\r\n\r\n"), [Refused], ends=True),
    Row("a chunk shorter than its size", stream(raw=b"6\r\n12345\r\n0\r\n\r\n"), [Refused], ends=True),
    Row("a chunk whose size ends in LF", stream(raw=b"5\n12345\r\n0\r\n\r\n"), [Refused], ends=True),
    Row("a chunk that ends in LF", stream(raw=b"5\r\n12345\n0\r\n\r\n"), [Refused], ends=True),
    Row("a chunk extension with a bare LF", stream(raw=b"5;\n\r\n12345\r\n0\r\n\r\n"), [Refused], ends=True),
    Row("a chunk extension with a bare CR", stream(raw=b"5;a\rb\r\n12345\r\n0\r\n\r\n"), [Refused], ends=True),
    Row("a chunk extension without end", stream(raw=b"5;" + b"a" * (2 * HEAD_MAX)), [(400, 431)], ends=True),
    Row("many chunk extensions", stream(raw=(b"1;" + b"a" * 1000 + b"\r\n1\r\n") * 1000), [(400, 431)], ends=True),
    Row("a last chunk of many zeros", stream(raw=b"0" * (2 * HEAD_MAX)), [(400, 431)], ends=True),
    Row("many small chunks", stream(*[b" "] * 20_000, BODY), [201]),
]

TRAILERS = [
    Row("a trailer", stream(BODY, trailers=b"X-Checksum: 1\r\n"), [201]),
    Row(
        "a trailer with a key",
        post(
            b"Transfer-Encoding: chunked",
            body=chunked(BODY, trailers=b"X-API-Key: " + KEY + b"\r\n"),
            length=False,
            key=False,
        ),
        [401],
    ),
    Row("a Content-Length as a trailer", stream(BODY, trailers=b"Content-Length: 5\r\n"), [Refused], ends=True),
    Row(
        "a trailer that becomes no header of the next request",
        stream(BODY, trailers=b"X-API-Key: " + KEY + b"\r\n") + me(),
        [201, 401],
    ),
    Row(
        "two trailers, and the next request",
        stream(BODY, trailers=b"A: b\r\nAuthorization: Bearer " + KEY + b"\r\n") + me(),
        [201, 401],
    ),
    Row("a trailer without a name", stream(BODY, trailers=b": b\r\n"), [Refused], ends=True),
    Row("a trailer without a colon", stream(BODY, trailers=b"abc\r\n"), [Refused], ends=True),
    Row(
        "a trailer without end",
        stream(raw=chunked(BODY)[:-2] + b"X-T: " + b"a" * (2 * HEAD_MAX)),
        [(400, 431)],
        ends=True,
    ),
    Row("trailers without end", stream(raw=chunked(BODY)[:-2] + b"a:\r\n" * HEAD_MAX), [(400, 431)], ends=True),
    Row(
        "a trailer's name without end", stream(raw=chunked(BODY)[:-2] + b"a" * (2 * HEAD_MAX)), [(400, 431)], ends=True
    ),
]

FIELDS = [
    *(
        Row(f"whitespace around {name}", sent, [status])
        for name, sent, status in (
            ("X-API-Key", me(b"X-API-Key: \t " + KEY + b" \t"), 200),
            ("Authorization", me(b"Authorization: Bearer " + KEY + b"  "), 200),
            (
                "Content-Type",
                request(
                    b"POST %b HTTP/1.1" % LIST,
                    b"X-API-Key: " + KEY,
                    b"Content-Type: application/json \t",
                    b"Content-Length: %d" % len(BODY),
                    body=BODY,
                ),
                201,
            ),
            ("Host", get(b"/problems/not-found", host=b" localhost \t"), 200),
            ("Idempotency-Key", post(b"Idempotency-Key: edge-1 \t"), 201),
            ("If-None-Match", get(LIST, b"X-API-Key: " + KEY, b'If-None-Match: "1" \t'), 200),
            ("Connection", get(b"/livez", b"Connection: keep-alive \t"), 200),
        )
    ),
    Row("Connection: close with whitespace", get(b"/livez", b"Connection: close \t"), [200], ends=True),
    Row("a folded field", get(b"/livez", b"A: b\r\n c"), [Refused], ends=True),
    Row("a folded Content-Length", post(b"Content-Length:\r\n 5", body=b"12345", length=False), [Refused], ends=True),
    Row("a space before the colon", post(b"Content-Length : 5", body=b"12345", length=False), [Refused], ends=True),
    Row("a tab before the colon", get(b"/livez", b"Transfer-Encoding\t: chunked"), [Refused], ends=True),
    Row("a field without a colon", get(b"/livez", b"Nonsense"), [Refused], ends=True),
    Row("a field without a name", get(b"/livez", b": nonsense"), [Refused], ends=True),
    Row(
        "a space before the first field",
        request(b"GET /livez HTTP/1.1", host=b"").replace(b"\r\n\r\n", b"\r\n Host: localhost\r\n\r\n"),
        [Refused],
        ends=True,
    ),
    Row("NUL in a value", get(b"/livez", b"A: b\0c"), [Refused], ends=True),
    Row("a bare CR in a value", get(b"/livez", b"A: b\rTransfer-Encoding: chunked"), [Refused], ends=True),
    Row("a bare LF in a value", get(b"/livez", b"A: b\nTransfer-Encoding: chunked"), [Refused], ends=True),
    Row("a forbidden character in a field name", get(b"/livez", b"A(b): c"), [Refused], ends=True),
    Row("a name that is not ASCII", get(b"/livez", b"\xc3\xa4: c"), [Refused], ends=True),
    Row("lines that end in LF", b"GET /livez HTTP/1.1\nHost: localhost\n\n", [Refused], ends=True),
    Row("a field value that is not ASCII", get(b"/livez", b"A: \xc3\xa4\xff"), [200]),
    Row("no Host", get(host=b""), [400], ends=True),
    Row("no Host field, but a host in the target", get(b"http://localhost/livez", host=b""), [400], ends=True),
    Row("two Hosts", get(b"/livez", b"Host: localhost"), [400], ends=True),
    Row("no Host in HTTP/1.0", b"GET /livez HTTP/1.0\r\n\r\n", [200], ends=True),
    Row("a target with an IPv6 address", get(b"http://[::1]:80/problems/not-found"), [200]),
    Row("a target of another scheme", get(b"ftp://localhost/livez"), [400], ends=True),
    Row("a target with a user", get(b"http://me@localhost/livez"), [400], ends=True),
    Row("a request line of another protocol", b"SOURCE /livez ICE/1.0\r\nHost: localhost\r\n\r\n", [400], ends=True),
    Row("RTSP", b"DESCRIBE /livez RTSP/1.0\r\nHost: localhost\r\n\r\n", [400], ends=True),
    Row("another Host", get(b"/problems/not-found", host=b"example.com"), [400]),
    Row("a host in the target overrides Host", get(b"http://localhost/problems/not-found", host=b"example.com"), [200]),
    Row("a target with only a host", get(b"http://localhost"), [200]),
    Row("a target with a fragment", get(b"/livez#there"), [Refused], ends=True),
    Row("a target with a foreign host", get(b"http://example.com/problems/not-found"), [400]),
    Row("fields just below the limit", get(b"/livez", *[b"A: " + b"b" * 1000] * 30), [200]),
    Row("fields beyond the application's limit", get(b"/livez", *[b"A: " + b"b" * 1000] * 40), [431]),
    Row("fields beyond the server's limit", get(b"/livez", *[b"A: " + b"b" * 1000] * 70), [431], ends=True),
    Row("a field without end", b"GET /livez HTTP/1.1\r\nA: " + b"b" * (2 * HEAD_MAX), [431], ends=True),
    Row("a target without end", b"GET /" + b"a" * (2 * HEAD_MAX), [431], ends=True),
    Row("blank lines without end", b"\r\n" * HEAD_MAX, [(400, 431)], ends=True),
]

LINES = [
    Row("an empty line before the request", b"\r\n" + get(), [200]),
    Row("no version", b"GET /livez\r\n\r\n", [Refused], ends=True),
    *(
        Row(
            f"the version {version!r}",
            b"GET /livez " + version + b"\r\nHost: localhost\r\n\r\n",
            [(400, 505)],
            ends=True,
        )
        for version in (
            b"HTTP/0.9",
            b"HTTP/2.0",
            b"HTTP/1.2",
            b"HTTP/1",
            b"http/1.1",
            b"HTTP/1.1x",
            b"HTTP/01.1",
            b"HTTPS/1.1",
        )
    ),
    Row("HTTP/1.0", b"GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n", [200], ends=True),
    Row("two spaces before the target", b"GET  /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", [200]),
    Row("a tab before the target", b"GET\t/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", [Refused], ends=True),
    Row("a space in the target", b"GET /li vez HTTP/1.1\r\nHost: localhost\r\n\r\n", [Refused], ends=True),
    Row("a target that is not ASCII", b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", [Refused], ends=True),
    Row("NUL in the target", b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", [Refused], ends=True),
    Row("the target *", request(b"OPTIONS * HTTP/1.1"), [404]),
    Row("an unknown method", request(b"BREW /livez HTTP/1.1"), [(400, 405, 501)], ends=True),
    Row("TLS instead of HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400], ends=True),
    Row("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", [400], ends=True),
]

PIPELINES = [
    Row("three requests in one packet", get() + get(b"/problems/not-found") + get(b"/nothing"), [200, 200, 404]),
    Row("a body between requests", get() + post() + get(), [200, 201, 200]),
    Row("chunks between requests", get() + stream(BODY) + get(), [200, 201, 200]),
    Row("a hundred requests", get() * 100, [200] * 100),
    Row("a request after Connection: close", get(b"/livez", b"Connection: close") + SMUGGLED, [200], ends=True),
    Row("a request after a malformed one", b"GET /livez HTTP/9\r\n\r\n" + SMUGGLED, [(400, 505)], ends=True),
    Row("a refused request, then a malformed one", get(b"/nothing") + b"x\r\n\r\n", [404, 400], ends=True),
    Row("an empty line after a request", get() + b"\r\n", [200]),
    Row("a good request, then a malformed one", get() + b"nonsense\r\n\r\n", [200, 400], ends=True),
    Row("Expect: 100-continue", post(b"Expect: 100-continue"), [100, 201]),
    Row("Expect with a trailing space", post(b"Expect: 100-continue "), [100, 201]),
    Row("Expect without a key", post(b"Expect: 100-continue", key=False, body=b""), [401], ends=True),
    Row(
        "Expect in HTTP/1.0",
        request(
            b"POST %b HTTP/1.0" % LIST,
            b"X-API-Key: " + KEY,
            b"Content-Type: application/json",
            b"Content-Length: %d" % len(BODY),
            b"Expect: 100-continue",
            body=BODY,
        ),
        [201],
        ends=True,
    ),
    Row("an unknown expectation", post(b"Expect: nothing"), [(201, 417)]),
]

ROWS = [*UPGRADES, *LENGTHS, *CODINGS, *TRAILERS, *FIELDS, *LINES, *PIPELINES]
