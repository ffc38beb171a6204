"""The id of an object in a path."""

from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import BeforeValidator

_NO_ID = UUID(int=0)
_LENGTH = 36


def id_from(text: str) -> UUID | None:
    """The UUID of this text; None for any other."""
    try:
        return msgspec.convert(text, UUID) if len(text) == _LENGTH else None
    except msgspec.ValidationError:
        return None


def object_id(text: str) -> UUID:
    """The id. A text that is no UUID becomes the nil UUID, which no object has: both are answered as unknown."""
    return id_from(text) or _NO_ID


ObjectId = Annotated[UUID, BeforeValidator(object_id)]
"""A path parameter: what is not an id is a 404, never a 422."""
