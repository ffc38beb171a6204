"""Conditional requests (RFC 9110, section 13): entity tags, and the preconditions that clients send."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel

from adapters.http_fastapi.kit.problems import ProblemError, ProblemException
from domain.errors import Stale
from domain.repository import Owned, Precondition, no_precondition

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"(?:[ \t]*,)*[ \t]*{_TAG}[ \t]*(?:,[ \t]*(?:{_TAG}[ \t]*)?)*")  # members may be empty
_ONE = re.compile(_TAG)
_LISTED = '(W/)?"[!#-~]*"( *, *((W/)?"[!#-~]*" *)?)*'
ANY = "*"
_DIGEST_BYTES = 3
_DOCUMENTATION = {"description", "title", "examples"}


def _header(name: str, meaning: str, pattern: str = f"^([*]|{_LISTED})$") -> Any:
    extra: dict[str, Any] = {"minLength": 1, "pattern": pattern}
    return Header(alias=name, description=meaning, json_schema_extra=extra)


class EntityTags:
    """The strong entity tags of objects that are shown as ``view``, and the conditions that clients make of them.

    A tag is the object's version and a digest of the view's members and their types, as in ``"3-9f2c1a"``, so that it
    changes with the object, and with a release that shows the same object otherwise.
    """

    def __init__(self, view: type[BaseModel]) -> None:
        self._digest = _digest(view)

    def of(self, entity: Owned) -> str:
        """The tag of this version of the object."""
        return f'"{entity.version}-{self._digest}"'

    async def precondition(
        self,
        if_match: Annotated[
            str | None,
            _header(
                "If-Match", "entity tags, or `*`: unless the object's current tag is one of them, 412 and no change"
            ),
        ] = None,
        if_none_match: Annotated[
            str | None,
            _header(
                "If-None-Match", "entity tags, or `*`: if the object's current tag is one of them, 412 and no change"
            ),
        ] = None,
    ) -> Precondition:
        """A dependency: the conditions under which the request's write may happen."""
        if if_match is None and if_none_match is None:
            return no_precondition
        wanted, unwanted = _tags("If-Match", if_match), _weak(_tags("If-None-Match", if_none_match))

        def check(stored: Owned | None) -> None:
            tag = None if stored is None else self.of(stored)
            if wanted and (tag is None or not (ANY in wanted or tag in wanted)):
                raise Stale("precondition_failed", "The object has changed: it has another entity tag.")
            if unwanted and tag is not None and (ANY in unwanted or tag in unwanted):
                raise Stale("precondition_failed", "The object has an entity tag that If-None-Match rules out.")

        return check

    async def known(
        self,
        if_none_match: Annotated[
            str | None, _header("If-None-Match", "entity tags, or `*`: if the object's current tag is one of them, 304")
        ] = None,
    ) -> Sequence[str]:
        """A dependency: the tags of the versions that the reader has, without the mark of weakness."""
        return () if if_none_match is None else _weak(_tags("If-None-Match", if_none_match))


async def list_precondition(
    if_match: Annotated[
        str | None, _header("If-Match", "only `*`: a list has no entity tag, so every tag is a 412", "^[*]$")
    ] = None,
    if_none_match: Annotated[
        str | None,
        _header(
            "If-None-Match",
            "without effect: no list has one of these entity tags; `*` is a 412, because the list exists",
            f"^{_LISTED}$",
        ),
    ] = None,
) -> Precondition:
    """A dependency: the conditions under which something is added to a list, which always exists and has no tag."""
    if if_match is None and if_none_match is None:
        return no_precondition
    wanted, unwanted = _tags("If-Match", if_match), _tags("If-None-Match", if_none_match)

    def check(_: Owned | None) -> None:
        if wanted and ANY not in wanted:
            raise Stale("precondition_failed", "A list has no entity tag, so no tag in If-Match is its own.")
        if ANY in unwanted:
            raise Stale("precondition_failed", "The list exists, so If-None-Match with * does not hold.")

    return check


def _digest(view: type[BaseModel]) -> str:
    schema = json.dumps(_undocumented(view.model_json_schema(mode="serialization")), sort_keys=True)
    return hashlib.blake2b(schema.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _undocumented(schema: Any) -> Any:
    """The schema without what only people read: a better description is no other representation."""
    if isinstance(schema, list):
        return [_undocumented(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {member: _undocumented(each) for member, each in value.items()}
        if name in {"properties", "$defs"}
        else _undocumented(value)
        for name, value in schema.items()
        if name not in _DOCUMENTATION
    }


def _tags(header: str, value: str | None) -> Sequence[str]:
    if value is None:
        return ()
    text = value.strip(" \t")
    if text == ANY:
        return (ANY,)
    if not _TAGS.fullmatch(text):
        error = ProblemError(header=header, code="entity_tag", detail="This is not a list of entity tags.")
        raise ProblemException("validation_failed", errors=[error])
    return _ONE.findall(text)


def _weak(tags: Sequence[str]) -> Sequence[str]:
    return [tag.removeprefix("W/") for tag in tags]
