"""How every operation answers: who may, what was sent, then the endpoint. The order of refusals is written here."""

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_to_bytes
from uuid import UUID

import msgspec
from fastapi import params
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from adapters.http_fastapi.kit.authentication import Authenticator
from adapters.http_fastapi.kit.body import read_json
from adapters.http_fastapi.kit.bounds import clean, excess
from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.problems import (
    ERRORS_MAX,
    ProblemError,
    ProblemException,
    pointer,
)
from adapters.http_fastapi.kit.schemas import CreateBody
from domain.access.scopes import Scope as KeyScope

_NO_ID = UUID(int=0)
_ID_LENGTH = 36
_CURSORS = {"cursor", "after"}
_CODES = {
    "missing": ("missing", "This is required."),
    "extra_forbidden": ("unknown", "There is nothing of this name."),
    "string_type": ("wrong_type", "This is not a string."),
    "string_unicode": ("invalid_unicode", "This is not valid Unicode text."),
    "list_type": ("wrong_type", "This is not an array."),
    "model_type": ("wrong_type", "This is not an object."),
    "too_long": ("too_long", "This holds too many items."),
    "literal_error": ("unknown_value", "This is none of the values there are."),
}
"""What pydantic finds, in our own words, which are part of the contract."""


class NoQuery(BaseModel):
    """The query of an operation that takes none."""

    model_config = ConfigDict(extra="forbid")


@dataclass(slots=True)
class Binding:
    """What an endpoint asks for, read once from its signature, which is also what FastAPI documents."""

    authenticator: Authenticator | None = None
    scopes: frozenset[KeyScope] = frozenset()
    caller: str = ""
    body: tuple[str, type[CreateBody]] | None = None
    query: tuple[str | None, BaseModel] = (None, NoQuery())  # as it is where nothing is asked
    computed: list[tuple[str, Callable[[Request], Any]]] = field(default_factory=list)
    path: list[tuple[str, Any]] = field(default_factory=list)
    request: str | None = None

    @classmethod
    def of(cls, endpoint: Callable[..., Any]) -> "Binding":
        plan = cls()
        for name, parameter in inspect.signature(endpoint).parameters.items():
            default, annotation = parameter.default, parameter.annotation
            if isinstance(default, params.Security) and isinstance(default.dependency, Authenticator):
                plan.authenticator, plan.caller = default.dependency, name
                plan.scopes = frozenset(map(KeyScope, default.scopes or ()))
            elif isinstance(default, params.Depends) and default.dependency is not None:
                plan.computed.append((name, default.dependency))
            elif isinstance(default, params.Query):
                plan.query = (name, annotation())
            elif annotation is Request:
                plan.request = name
            elif inspect.isclass(annotation) and issubclass(annotation, CreateBody):
                plan.body = (name, annotation)
            else:
                plan.path.append((name, _READ.get(annotation)))
        return plan

    async def arguments(self, request: Request) -> dict[str, Any]:
        """What the endpoint is called with; refuses with 401, 429, 403, 413, 415, 400 and 422, in this order."""
        arguments: dict[str, Any] = {}
        if self.authenticator is not None:
            arguments[self.caller] = await self.authenticator.admit(request, self.scopes)
        context: RequestContext = request.scope[KEY]
        if self.body is not None:
            context.content = await read_json(request, self.body[1].MEDIA_TYPES)
        query = request.scope["query_string"]
        if query and self.authenticator is not None:
            self._require_little(query)
            context.query = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        for name, compute in self.computed:
            arguments[name] = compute(request)
        if query or self.body is not None or self.query[0] is not None:
            arguments |= self._validated(context, query)
        for name, read in self.path:
            text = request.scope["path_params"][name]
            arguments[name] = text if read is None else read(text)
        if self.request is not None:
            arguments[self.request] = request
        return arguments

    def _require_little(self, query: bytes) -> None:
        """Refuses a query that is not worth parsing; where a cursor is too long, as one that is none of ours."""
        error = excess(query)
        if error is not None and error.parameter in _CURSORS & type(self.query[1]).model_fields.keys():
            raise ProblemException("invalid_cursor")
        if error is not None:
            raise ProblemException("validation_failed", errors=[error])

    def _validated(self, context: RequestContext, query: bytes) -> dict[str, Any]:
        """Body and query as their models, refused together."""
        arguments: dict[str, Any] = {}
        errors: list[ProblemError] = []
        if self.body is not None:
            name, model = self.body
            arguments[name] = _validated(model, context.content, errors, _in_body)
        if self.authenticator is not None:  # a probe or a page may be asked for with whatever a prober adds
            asked, value = self.query
            if query:
                value = _validated(type(value), _once_each(context.query, query, errors), errors, _in_query) or value
            if asked is not None:
                arguments[asked] = value
        if errors:
            raise ProblemException("validation_failed", errors=errors)
        return arguments


class CompiledRoute(APIRoute):
    """A route whose endpoint is an ordinary FastAPI one that returns a ``Response``, bound by a plan made beforehand.

    Of FastAPI's ways to ask for something it knows ``Security(door)``, ``Depends`` of a plain function of the request,
    one ``Query()`` model, one body model, the request and path parameters. It does what FastAPI would do with them in
    a quarter of the time, and refuses in the order that clients are promised. Another verb is no match: which verbs a
    path has is found out when nothing has matched.
    """

    def __init__(self, path: str, endpoint: Callable[..., Coroutine[Any, Any, Response]], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self._plan = Binding.of(endpoint)
        self.takes_key = self._plan.authenticator is not None  # a probe or a page answers everybody
        self._verbs = frozenset(self.methods or ())

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it answers this request, and with which parameters, all of which are texts."""
        if scope["type"] == "http" and scope["method"] in self._verbs:
            found = self.path_regex.match(scope["path"])
            if found is not None:
                return Match.FULL, {"route": self, "endpoint": self.endpoint, "path_params": found.groupdict()}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request that has matched, or raises what is to be answered."""
        response = await self.endpoint(**await self._plan.arguments(Request(scope, receive, send)))
        await response(scope, receive, send)


def object_id(text: str) -> UUID:
    """The id; the nil UUID, which no object has, for a text that is none, so that both are answered alike."""
    try:
        return msgspec.convert(text, UUID) if len(text) == _ID_LENGTH else _NO_ID
    except msgspec.ValidationError:
        return _NO_ID


_READ: dict[Any, Callable[[str], Any]] = {UUID: object_id}
"""How a path parameter becomes a value of its type; all others are texts."""


def _once_each(given: Sequence[tuple[str, str]], query: bytes, errors: list[ProblemError]) -> Mapping[str, str]:
    values: dict[str, str] = {}
    for name, value in given:
        if name in values:
            errors.append(ProblemError(parameter=clean(name), code="repeated", detail="The parameter is repeated."))
        elif not value:
            errors.append(ProblemError(parameter=clean(name), code="empty", detail="The parameter is empty."))
        values[name] = value
    if b"%" in query:
        for pair in query.split(b"&"):
            try:
                unquote_to_bytes(pair).decode()
            except UnicodeDecodeError:
                name = clean(unquote(pair.partition(b"=")[0].decode("latin-1"), errors="replace"))
                errors.append(ProblemError(parameter=name, code="invalid_unicode", detail="This is not UTF-8."))
    return values


def _validated(
    model: type[BaseModel], value: Any, errors: list[ProblemError], place: Callable[[tuple[Any, ...]], dict[str, str]]
) -> BaseModel | None:
    try:
        return model.model_validate(value)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False, include_input=False)
        for error in found[:ERRORS_MAX]:
            code, detail = _CODES.get(error["type"], (error["type"], error["msg"]))
            errors.append(ProblemError(**place(error["loc"]), code=code, detail=detail))
        return None


def _in_body(location: tuple[Any, ...]) -> dict[str, str]:
    return {"pointer": pointer(*location)}


def _in_query(location: tuple[Any, ...]) -> dict[str, str]:
    return {"parameter": clean(str(location[0]))}
