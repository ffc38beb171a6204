"""Conditional requests (RFC 9110, section 13): entity tags, and what a client says of the version it has seen."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Header
from starlette.requests import Request

from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.problems import ProblemError, ProblemException
from domain.errors import Stale
from domain.repository import Owned, Precondition, no_precondition

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"(?:[ \t]*,)*[ \t]*{_TAG}[ \t]*(?:,[ \t]*(?:{_TAG}[ \t]*)?)*")  # members may be empty
_ONE = re.compile(_TAG)
_PATTERN = '^([*]|(W/)?"[!#-~]*"( *, *((W/)?"[!#-~]*" *)?)*)$'
ANY = "*"


def etag(entity: Owned) -> str:
    """The strong entity tag of this version of the object."""
    return f'"{entity.version}"'


def _header(name: str, meaning: str) -> Any:
    extra: dict[str, Any] = {"minLength": 1, "pattern": _PATTERN}
    return Header(alias=name, description=f"entity tags, or `*`: {meaning}", json_schema_extra=extra)


def precondition(
    request: Request,
    if_match: Annotated[str | None, _header("If-Match", "412, and no change, where the object has another tag")] = None,
    if_none_match: Annotated[
        str | None, _header("If-None-Match", "412, and no change, where the object has one of them")
    ] = None,
) -> Precondition:
    """A dependency: the conditions under which the request's write may happen."""
    del if_match, if_none_match  # tells FastAPI what to document; the header may come several times
    context: RequestContext = request.scope[KEY]
    wanted, unwanted = _tags(context, "If-Match"), _tags(context, "If-None-Match")
    if not wanted and not unwanted:
        return no_precondition

    def check(stored: Owned | None) -> None:
        tag = None if stored is None else etag(stored)
        if wanted and (tag is None or not (ANY in wanted or tag in wanted)):
            raise Stale("precondition_failed", "The object has changed: it has another entity tag.")
        if unwanted and tag is not None and (ANY in unwanted or tag in _weak(unwanted)):
            raise Stale("precondition_failed", "The object has an entity tag that is not wanted.")

    return check


def known_etags(
    request: Request,
    if_none_match: Annotated[str | None, _header("If-None-Match", "304 where the object has one of them")] = None,
) -> Sequence[str]:
    """A dependency: the versions that the reader has, without the mark of weakness."""
    del if_none_match  # as above
    context: RequestContext = request.scope[KEY]
    return _weak(_tags(context, "If-None-Match")) if b"if-none-match" in context.sent else ()


def _tags(context: RequestContext, name: str) -> Sequence[str]:
    sent = context.sent.get(name.lower().encode())
    if sent is None:
        return ()
    text = sent.decode("latin-1").strip(" \t")
    if text == ANY:
        return (ANY,)
    if not _TAGS.fullmatch(text):
        error = ProblemError(header=name, code="entity_tag", detail="This is no list of entity tags.")
        raise ProblemException("validation_failed", errors=[error])
    return _ONE.findall(text)


def _weak(tags: Sequence[str]) -> Sequence[str]:
    return [tag.removeprefix("W/") for tag in tags]
