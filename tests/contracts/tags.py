"""Entity tags by the version of the object."""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from httpx2 import Response
from pydantic import BaseModel

from adapters.http_fastapi.kit.conditional_requests import EntityTags
from adapters.http_fastapi.kit.entities.entity_schemas import view
from adapters.http_fastapi.resources.api_key_schemas import ApiKeyView
from tests.contracts.resources import ResourceCase


def version_of(answer: Response) -> int:
    """The version that the response's entity tag stands for."""
    number, _, digest = answer.headers["etag"].strip('"').partition("-")
    assert digest
    return int(number)


def tag_of(resource: ResourceCase, version: int) -> str:
    """The entity tag of this version of an object."""
    return _tag(view(resource.entity), version)  # type: ignore[arg-type]  # -- classes can be hashed


def key_tag(version: int) -> str:
    """The entity tag of this version of a key."""
    return _tag(ApiKeyView, version)


def with_tags(resource: ResourceCase, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with each version in braces replaced by its entity tag."""
    return {
        name: re.sub(r"\{(\d+)\}", lambda version: tag_of(resource, int(version[1])), value)
        for name, value in headers.items()
    }


def _tag(shown: type[BaseModel], version: int) -> str:
    entity: Any = SimpleNamespace(version=version)
    return EntityTags(shown).of(entity)
