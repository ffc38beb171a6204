"""Turns pydantic's errors about a request into codes and texts of our own, which are part of the contract."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from adapters.http_fastapi.kit.bounds import clean
from adapters.http_fastapi.kit.problems import ERRORS_MAX, ProblemError, ProblemException, pointer

_CODES = {
    "missing": ("missing", "This is required."),
    "extra_forbidden": ("unknown", "There is nothing of this name."),
    "string_type": ("wrong_type", "This is not a string."),
    "string_unicode": ("invalid_unicode", "This is not valid Unicode text."),
    "list_type": ("wrong_type", "This is not an array."),
    "model_type": ("wrong_type", "This is not an object."),
    "model_attributes_type": ("wrong_type", "This is not an object."),
    "literal_error": ("unknown_value", "This is not an allowed value."),
}
_OF_ARRAYS = {"too_short": "There are too few items.", "too_long": "There are too many items."}
"""Codes of pydantic's that are ours for texts too; ours come with a sentence, and pydantic's with a context."""
_JSON_INVALID = "json_invalid"
Place = Callable[[tuple[Any, ...]], Mapping[str, str]]
"""From the location that pydantic names to the member of a ``ProblemError`` that names it."""


def as_model(model: type[BaseModel], value: Any, errors: list[ProblemError], place: Place) -> BaseModel | None:
    """The value as the model has it; None where it is not valid, which is added to the errors."""
    try:
        return model.model_validate(value)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_input=False)
        errors += [_error(error, place(error["loc"])) for error in found[:ERRORS_MAX]]
        return None


def in_body(location: tuple[Any, ...]) -> Mapping[str, str]:
    """A place in the body."""
    return {"pointer": pointer(*location)}


def in_query(location: tuple[Any, ...]) -> Mapping[str, str]:
    """A parameter of the query."""
    return {"parameter": clean(str(location[0]))}


def invalid_request(invalid: RequestValidationError) -> ProblemException:
    """The problem of a request that FastAPI has found invalid: 400 for a body that is not JSON, 422 for all else."""
    found = invalid.errors()
    if found and found[0]["type"] == _JSON_INVALID:
        position, reason = found[0]["loc"][-1], found[0]["ctx"]["error"]
        return ProblemException("malformed_json", f"The body is not JSON: {reason} at character {position}.")
    return ProblemException("validation_failed", errors=_errors(found))


def _errors(found: Iterable[Mapping[str, Any]]) -> Iterable[ProblemError]:
    return [_error(error, _place(*error["loc"])) for error in found][:ERRORS_MAX]


def _error(error: Mapping[str, Any], place: Mapping[str, str]) -> ProblemError:
    code, detail = _CODES.get(error["type"], (error["type"], f"{error['msg'].rstrip('.')}."))
    if "ctx" in error:
        detail = _OF_ARRAYS.get(code, detail)
    return ProblemError(**place, code=code, detail=detail)


def _place(part: str, *location: Any) -> Mapping[str, str]:
    """Where FastAPI has found it: the part of the request, and the place in it."""
    if part == "body":
        return in_body(location)
    name = clean(str(location[0])) if location else part
    if part == "header":
        return {"header": name}
    return {"header": "Cookie"} if part == "cookie" else {"parameter": name}
