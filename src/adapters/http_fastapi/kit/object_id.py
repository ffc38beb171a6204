"""The id of an object in a path, and in a body."""

from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

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


def read_id(value: object) -> UUID:
    """The id from a body; the nil UUID for a text that is no id. Raises ``PydanticCustomError`` for what is no text."""
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "This is not a string.")
    return object_id(value)


ObjectId = Annotated[
    UUID,
    BeforeValidator(object_id),
    Field(description="the object's id", examples=["0199f3c2-7a10-7000-8000-000000000001"]),
]
"""A path parameter: what is not an id is a 404, never a 422."""
ReadId = Annotated[UUID, BeforeValidator(read_id), WithJsonSchema({"type": "string", "format": "uuid"})]
"""The id of an object in a body."""
