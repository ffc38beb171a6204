"""The OpenAPI document: what FastAPI makes of the routes, with our problems, headers and links in place of its own."""

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from adapters.http_fastapi.kit.problem_types import CATALOGUE, ProblemType
from adapters.http_fastapi.kit.problems import (
    MEDIA_TYPE,
    Problem,
    ProblemError,
)
from domain.entity import plural_of, summary_of
from domain.repository import Owned

BODY = ("malformed_json", "body_too_large", "unsupported_media_type")
"""What may be wrong with any body, beside what is wrong with its values."""
WRITE = ("missing_scope", "outcome_unknown")
"""What any operation that changes something may answer with."""
CREATE = (*WRITE, "request_in_flight", "idempotency_key_reused", "precondition_failed", *BODY)
"""What any operation that creates something, once however often it is sent, may answer with."""
_ALWAYS = (
    *("malformed_request", "invalid_host", "request_timeout", "headers_too_large"),
    *("validation_failed", "internal_error", "unavailable"),
)
_WITH_KEY = ("unauthenticated", "too_many_failures", "rate_limited")
_BEFORE_AUTHENTICATION = {
    "malformed_request",
    "invalid_host",
    "request_timeout",
    "headers_too_large",
    "unauthenticated",
}
_DESCRIPTION = """\
The {kinds}, API keys and webhooks of the owner whose API key is sent, as `X-API-Key` or as a bearer token. Each
operation says which scope it requires. Every answer of 400 and above is a problem (RFC 9457), whose `type` is the path
of a page that explains it. Objects are returned with an `ETag`; `If-Match` makes a change conditional, and
`Idempotency-Key` makes a creation safe to repeat. After too many failed authentications from one address, further ones
get a 429 before they are checked; keys that have been valid before are not affected. Every change leaves a revision
that can be restored, and `/api/v1/changes` is a feed of all changes. The `version` of this document is that of the
contract, as in the paths.
"""


_TAGS = {
    "changes": "The feed of all changes, in the order of their commits.",
    "keys": "The owner's API keys, and who is calling.",
    "webhooks": "Endpoints that are sent the owner's changes, and the deliveries to them.",
    "system": "Probes of the service, and what its problems mean. These operations need no key.",
}
SERVERS = [{"url": "/", "description": "the service that this document comes from"}]
LICENSE = {"name": "MIT", "identifier": "MIT"}


def _header(meaning: str, schema: dict[str, Any] | None = None, *, always: bool = True) -> dict[str, Any]:
    return {"description": meaning, "required": always, "schema": {"type": "string"} | (schema or {})}


_HEADERS = {
    "X-Request-ID": _header(
        "identifies this request; the same that the request has sent, if that has this form",
        {"pattern": "^[A-Za-z0-9._-]{1,128}$"},
    ),
    "Cache-Control": _header(
        "private to the caller, and to be revalidated before each use", {"const": "private, no-cache"}
    ),
    "Cache-Control-Of-A-Secret": _header("not to be stored by anybody", {"const": "private, no-cache, no-store"}),
    "Vary": _header(
        "the request headers that the answer depends on", {"pattern": "^X-API-Key, Authorization(, Origin)?$"}
    ),
    "ETag": _header("strong tag of this representation of the object", {"pattern": '^"[!#-~]+"$'}),
    "Location": _header("path of the new object", {"format": "uri-reference"}),
    "Link": _header("the next page, as rel=next, if there is one", always=False),
    "Content-Disposition": _header("the name of the file", {"pattern": "^attachment; filename="}),
    "Idempotency-Replayed": _header(
        "present if an earlier request with the same key created the object", {"const": "true"}, always=False
    ),
    "RateLimit-Policy": _header("the owner's quota: q requests in w seconds; absent if there is none", always=False),
    "RateLimit": _header("what is left of the quota: r requests; all q are available again in t seconds", always=False),
    "Retry-After": _header("seconds to wait before trying again", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": _header("how to authenticate"),
}
_OF_EVERY_ANSWER = ("X-Request-ID",)
_OF_THE_API = ("X-Request-ID", "Cache-Control", "Vary")
_OF_A_KNOWN_KEY = ("RateLimit-Policy", "RateLimit")
_OF_STATUS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def headers(*names: str, secret: bool = False) -> dict[str, Any]:
    """The ``headers`` of a response, which nobody may keep where it holds a ``secret``."""
    components = {name: name for name in names} | ({"Cache-Control": "Cache-Control-Of-A-Secret"} if secret else {})
    return {"headers": {name: {"$ref": f"#/components/headers/{component}"} for name, component in components.items()}}


def links(*, reads: Sequence[str], writes: Sequence[str]) -> dict[str, Any]:
    """The ``links`` of a response that shows an object: what can be done with it next, a write to this version only."""
    target = {"path.id": "$response.body#/id"}
    version = {"header.If-Match": "$response.header.ETag"}
    found = {name: {"operationId": name, "parameters": target} for name in reads}
    return {"links": found | {name: {"operationId": name, "parameters": target | version} for name in writes}}


def refusals(*codes: str, key: bool = True) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that may refuse with these problems, beside those that any may answer with.

    Without ``key`` the operation asks for none.
    """
    kinds = [CATALOGUE[code] for code in dict.fromkeys((*codes, *_ALWAYS, *(_WITH_KEY if key else ())))]
    return {
        status: _refusal(status, [kind for kind in kinds if kind.status == status], key=key)
        for status in sorted({kind.status for kind in kinds})
    }


def _refusal(status: int, kinds: list[ProblemType], *, key: bool) -> dict[str, Any]:
    """One response, with the name under which operations share it."""
    known = key and not all(kind.code in _BEFORE_AUTHENTICATION for kind in kinds)
    names = (*(_OF_THE_API if key else _OF_EVERY_ANSWER), *(_OF_A_KNOWN_KEY if known else ()))
    examples = {kind.code: {"summary": kind.title, "value": _example(kind)} for kind in kinds}
    name = "Or".join(kind.code.title().replace("_", "") for kind in kinds)
    return {
        _SHARED: name if key else f"Public{name}",
        "description": "; ".join(kind.title for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
        **headers(*names, *_OF_STATUS.get(status, ())),
    }


_SHARED, _SCOPES = "x-shared", "x-scopes"
SCHEMA_NAME = "x-schema-name"
"""In the schema of a parameter, or one of its alternatives: the name by which it becomes one of the components."""


def _example(kind: ProblemType) -> dict[str, Any]:
    found = {
        "type": f"/problems/{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        "instance": "/api/v1/keys",
        "code": kind.code,
        "request_id": "5f2c0d5e1b7a4c0f9d3e8a6b2c4d1e0f",
    }
    if kind.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        found["errors"] = [{"pointer": "#/name", "code": "too_short", "detail": "The name is empty."}]
    return found


def any_scope(*scopes: str) -> dict[str, Any]:
    """The ``openapi_extra`` of an operation that asks a key for one of these scopes."""
    return {_SCOPES: list(scopes)}


def unchanged() -> dict[str, Any]:
    """The response to a reader who has the version already."""
    return {"description": "Not modified: If-None-Match contains the current tag", **headers("ETag")}


def description(entities: Iterable[type[Owned]]) -> str:
    """What the document says of the API that keeps these kinds of entities."""
    return _DESCRIPTION.format(kinds=", ".join(plural_of(each).replace("_", " ") for each in entities))


def tags(entities: Iterable[type[Owned]]) -> list[dict[str, str]]:
    """What the document says of the operations on each kind of entities, and of the others."""
    kinds = [(plural_of(each), summary_of(each)) for each in entities]
    return [{"name": name, "description": text} for name, text in (*kinds, *_TAGS.items())]


def document(api: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if api.openapi_schema is None:
        schema = FastAPI.openapi(api)
        components = schema["components"]
        components |= {"headers": _HEADERS, "responses": {}}
        schemas = components["schemas"]
        for model in (ProblemError, Problem):
            definition = model.model_json_schema(ref_template="#/components/schemas/{model}")
            definition.pop("$defs", None)
            definition["properties"] = {name: _given(member) for name, member in definition["properties"].items()}
            schemas[model.__name__] = definition
        for operation in _operations(schema):
            _describe(operation, components)
        if not _is_used("HTTPValidationError", schema):  # by a callback or a webhook, which others answer
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        for definition in schemas.values():
            _untitle(definition)
        api.openapi_schema = schema
    return api.openapi_schema


def _is_used(name: str, schema: Any) -> bool:
    """Whether something refers to this component."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        return reference == f"#/components/schemas/{name}" or any(_is_used(name, each) for each in schema.values())
    return isinstance(schema, list) and any(_is_used(name, each) for each in schema)


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in schema["paths"].values():
        yield from operations.values()


def _describe(operation: dict[str, Any], components: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _given(parameter["schema"])
        for schema in (parameter["schema"], *parameter["schema"].get("anyOf", ())):
            _name(schema, components["schemas"])
        parameter["schema"].pop("description", None)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        reference = content.get("schema", {}).get("$ref", "")
        sent = components["schemas"].get(reference.rpartition("/")[2], {})
        members = sent.get("properties", {})
        example = {name: member["examples"][0] for name, member in members.items() if "examples" in member}
        if example and "examples" not in content:
            content.setdefault("example", example)
    if scopes := operation.pop(_SCOPES, ()):
        ways = [name for way in operation["security"] for name in way]
        operation["security"] = [{name: [scope]} for scope in scopes for name in ways]
    common = (*_OF_THE_API, *_OF_A_KNOWN_KEY) if "security" in operation else _OF_EVERY_ANSWER
    responses = operation["responses"]
    if _is_used("HTTPValidationError", responses.get("422")):
        del responses["422"]  # FastAPI's own guess
    for status, response in responses.items():
        name = response.pop(_SHARED, None)
        if name:
            components["responses"][name] = response
            responses[status] = {"$ref": f"#/components/responses/{name}"}
            continue
        response["headers"] = headers(*common)["headers"] | response.get("headers", {})
        if response["description"] == "Successful Response":
            response["description"] = HTTPStatus(int(status)).phrase


def _name(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Makes the schema one of the components if it has a name for that, and refers to it; its default stays."""
    if name := schema.pop(SCHEMA_NAME, None):
        schemas[name] = {member: schema.pop(member) for member in [*schema] if member != "default"}
        schema["$ref"] = f"#/components/schemas/{name}"


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what can be left out, which Python writes as None, but is never null where it is given."""
    given = {name: value for name, value in schema.items() if name not in {"anyOf", "title"}}
    if given.get("default", "") is None:
        del given["default"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    if len(kinds) > 1:
        return {**given, "anyOf": kinds}
    return {**given, **(kinds[0] if kinds else {})}


def _untitle(schema: dict[str, Any]) -> None:
    """Takes away the titles that repeat the members' names."""
    for member in schema.get("properties", {}).values():
        member.pop("title", None)
    schema.pop("title", None)
