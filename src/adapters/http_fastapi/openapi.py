"""The OpenAPI document: what FastAPI makes of the routes, with our problems in place of its own."""

from typing import Any

from fastapi import FastAPI

from adapters.http_fastapi.problems import CATALOGUE, MEDIA_TYPE, Problem, ProblemError

_REF = {"$ref": "#/components/schemas/Problem"}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that may answer with these statuses, beside 500 and 503."""
    return {
        status: {
            "description": " or ".join(kind.title for kind in CATALOGUE.values() if kind.status == status)
            or "Precondition failed",
            "content": {MEDIA_TYPE: {"schema": _REF}},
        }
        for status in (*statuses, 500, 503)
    }


def document(api: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if api.openapi_schema is None:
        schema = FastAPI.openapi(api)
        schemas = schema["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for model in (ProblemError, Problem):
            definition = model.model_json_schema(ref_template="#/components/schemas/{model}")
            definition.pop("$defs", None)
            schemas[model.__name__] = definition
        api.openapi_schema = schema
    return api.openapi_schema
