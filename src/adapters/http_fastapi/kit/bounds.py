"""What is refused before anybody parses or stores it: queries, bodies and spellings of paths."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from starlette.types import Scope

from adapters.http_fastapi.kit.problems import (
    NAME_MAX,
    PATH_MAX,
    ProblemError,
    ProblemException,
    shortened,
)
from domain.access.token import redact

BODY_MAX: Final = 1 << 20
"""Bytes of a body; a route may have another limit, in its ``RequestContext``."""
QUERY_MAX, FIELDS_MAX = 8 << 10, 100
"""Bytes of a query, and its fields."""
CONTENT_TYPE_MAX = 256
"""Bytes; what Django does with one grows with its square."""
_PLAIN = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~+@-]+)+/?")


def require_length(headers: Mapping[bytes, bytes], most: int = BODY_MAX) -> None:
    """Refuses by what the request says of its body; what really comes is counted as it does."""
    length = headers.get(b"content-length")
    if length is not None and not (length.isdigit() and len(length) < NAME_MAX and int(length) <= most):
        raise ProblemException("body_too_large")


def require_short_type(headers: Mapping[bytes, bytes]) -> None:
    """Refuses a content type that is longer than any that somebody means."""
    if len(headers.get(b"content-type", b"")) > CONTENT_TYPE_MAX:
        raise ProblemException("unsupported_media_type", "The content type is too long.")


def excess(query: bytes) -> ProblemError | None:
    """What is wrong with a query that is too long or has too many fields: the name of the first that is too much."""
    if len(query) > QUERY_MAX:
        start = query.rfind(b"&", 0, QUERY_MAX) + 1
        code, detail = "query_too_long", f"The query is longer than {QUERY_MAX} bytes, from here on."
    elif query.count(b"&") >= FIELDS_MAX:
        start = len(query) - len(query.split(b"&", FIELDS_MAX)[-1])
        code, detail = "too_many_fields", f"The query has more than {FIELDS_MAX} fields, from here on."
    else:
        return None
    name = query[start : start + NAME_MAX].partition(b"&")[0].partition(b"=")[0]
    return ProblemError(parameter=clean(unquote(name.decode("latin-1"), errors="replace")), code=code, detail=detail)


def require_no_key(path: str, query: bytes) -> None:
    """Refuses a path or query with the text of a key, which the admin would repeat in pages and redirects."""
    target = f"{path}?{query.decode('latin-1')}"
    if target != redact(target):
        raise ProblemException("not_found")


def is_plain(scope: Scope) -> bool:
    """Whether a path is spelled as it is: nothing percent-encoded, no empty segment, none of dots, and not long.

    A proxy may have rules for a path, and may not know that another spelling leads to the same.
    """
    raw = scope.get("raw_path") or b""
    return len(raw) <= PATH_MAX and b"%" not in raw and _PLAIN.fullmatch(scope["path"]) is not None


def clean(text: str) -> str:
    """The text as an answer may repeat it."""
    return shortened(text, NAME_MAX).encode("utf-8", "replace").decode()
