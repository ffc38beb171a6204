"""Links from a run to files that are kept elsewhere."""

from dataclasses import dataclass
from typing import Annotated

from domain.fields import Integer, Text
from domain.ipv6_pattern import IPV6_PATTERN

BYTES_MAX = 2**53


def _any_of(characters: str) -> str:
    """A text of these characters and encoded ones, in a form that is never tried twice at one place."""
    return f"[{characters}]*(%[0-9A-Fa-f]{{2}}[{characters}]*)*"


_PLAIN = "A-Za-z0-9._~!$&'()*+,;=-"
_AUTHORITY = rf"({_any_of(':' + _PLAIN)}@)?(\[({IPV6_PATTERN})\]|{_any_of(_PLAIN)})(:[0-9]{{0,5}})?"
_PATH = _any_of("/:@" + _PLAIN)
_FIRST = f"([:@{_PLAIN}]|%[0-9A-Fa-f]{{2}})"
_MORE = _any_of("/?:@" + _PLAIN)
_QUERY = rf"\?{_MORE}"
URI_PATTERN = (
    rf"[A-Za-z][A-Za-z0-9+.-]*:((//{_AUTHORITY}(/{_PATH})?|/?{_FIRST}{_PATH}|/)({_QUERY})?|{_QUERY})(#{_MORE})?"
)
"""A scheme with what may follow on it (RFC 3986, appendix A), and a fragment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A link to a file; nothing is fetched or stored."""

    name: Annotated[str, Text(max_length=255, description="what it is called; unique within the run", example="log")]
    uri: Annotated[
        str,
        Text(
            max_length=2048,
            pattern=URI_PATTERN,
            pattern_words="an absolute URI",
            description="where the file is: an absolute URI",
            example="s3://bucket/81724/log",
        ),
    ]
    media_type: Annotated[
        str | None, Text(max_length=255, description="what kind of file it is", example="text/plain")
    ] = None
    bytes: Annotated[int | None, Integer(maximum=BYTES_MAX, description="the size of the file", example=18211)] = None
    sha256: Annotated[
        str | None,
        Text(
            max_length=64,
            pattern="[0-9A-Fa-f]{64}",
            pattern_words="64 hex digits",
            description="the SHA-256 digest of the file",
            example="0" * 64,
        ),
    ] = None
