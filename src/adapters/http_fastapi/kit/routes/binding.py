"""Answers by a compiled route: authenticates, reads, validates, calls. It defines the order of refusals."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.http_fastapi.kit.authentication import authenticated
from adapters.http_fastapi.kit.batch_body import BatchBody
from adapters.http_fastapi.kit.batch_json import decode_in_turns, free_in_turns
from adapters.http_fastapi.kit.body import read_json, read_text
from adapters.http_fastapi.kit.bounds import clean, excess
from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.problems import ProblemError, ProblemException, violation_errors
from adapters.http_fastapi.kit.schemas import CreateBody, QueryModel
from adapters.http_fastapi.kit.validation_errors import as_model, in_body, in_query
from domain.access.scopes import Scope as KeyScope

REQUEST, CALLER, BODY, QUERY = "request", "caller", "body", "query"
"""Keys of what is known of a request; path parameters, headers and dependencies have their own."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function to await, how its arguments are taken from what is known, and the key of what it returns."""

    function: Callable[..., Awaitable[Any]]
    arguments: Callable[[Mapping[str, Any]], Sequence[Any]]
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What an endpoint and its dependencies ask of a request, read once from their signatures.

    ``scopes`` is None where nobody is authenticated. ``dependencies`` are in the order in which FastAPI would solve
    them.
    """

    scopes: frozenset[KeyScope] | None
    body: type[CreateBody] | None
    batch: type[BatchBody] | None
    """The body, if it has many items."""
    query: type[QueryModel] | None
    no_query: QueryModel | None
    """What is asked for without a query, made once; None where one is required, or whatever is sent is ignored."""
    requires_query: bool
    path: Sequence[tuple[str, str, Callable[[str], Any] | None]]
    headers: Sequence[tuple[str, bytes]]
    needs_request: bool
    dependencies: Sequence[Call]
    endpoint: Call
    serialize: Callable[[Any], Awaitable[Response]]
    """What FastAPI would do with a result that is not a response, whatever the endpoint has promised."""

    @property
    def body_max(self) -> int:
        """Bytes of a body at most."""
        return CreateBody.LIMITS.size if self.body is None else self.body.LIMITS.size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers; refuses with 401, 429, 403, 413, 415, 400 and 422, in this order, and as the endpoint does."""
        known: dict[str, Any] = {QUERY: self.no_query}
        if self.scopes is not None:
            known[CALLER] = await authenticated(scope, self.scopes)
        context: RequestContext = scope[KEY]
        headers = context.request_headers
        if self.body is not None:
            context.content = await self._read(self.body, context, receive)
        query = scope["query_string"]
        if query:
            self._require_bounds(query)
        if self.needs_request:
            known[REQUEST] = Request(scope, receive, send)
        for key, name, read in self.path:
            text = scope["path_params"][name]
            known[key] = text if read is None else read(text)
        for key, header in self.headers:
            value = headers.get(header)
            known[key] = None if value is None else value.decode("latin-1")
        errors = await self._solve(known)
        if errors or self.body is not None or self.requires_query or (query and self.query is not None):
            await self._validate(context, scope, known, errors)
        result = await self.endpoint.function(*self.endpoint.arguments(known))
        response = result if isinstance(result, Response) else await self.serialize(result)
        await response(scope, receive, send)
        await self._free(context)

    async def _free(self, context: RequestContext) -> None:
        """Frees a body with many items, which nobody needs once it is answered."""
        if self.batch is not None:
            await free_in_turns(context.content)

    @staticmethod
    async def _read(body: type[CreateBody], context: RequestContext, receive: Receive) -> Any:
        """The body as a JSON value."""
        if not issubclass(body, BatchBody):
            return await read_json(context.request_headers, receive, body.MEDIA_TYPES)
        context.body_max = body.LIMITS.size
        return await decode_in_turns(await read_text(context.request_headers, receive, body.MEDIA_TYPES, body.LIMITS))

    def _require_bounds(self, query: bytes) -> None:
        """Refuses a query that is not worth parsing; where a cursor is too long, as one that is not genuine."""
        error = excess(query)
        if error is None:
            return
        if self.query is not None and error.parameter == self.query.CURSOR:
            raise ProblemException("invalid_cursor")
        raise ProblemException("validation_failed", errors=[error])

    async def _solve(self, known: dict[str, Any]) -> list[ProblemError]:
        """Adds the results of the dependencies; returns what is wrong with headers."""
        errors: list[ProblemError] = []
        for call in self.dependencies:
            try:
                known[call.result] = await call.function(*call.arguments(known))
            except ProblemException as problem:
                if problem.kind.code != "validation_failed":
                    raise
                errors += problem.errors
            except KeyError:
                if not errors:  # or it depends on one that has failed
                    raise
        return errors

    async def _validate(
        self, context: RequestContext, scope: Scope, known: dict[str, Any], errors: list[ProblemError]
    ) -> None:
        """Body and query as their models, refused together, and with the errors that there are."""
        if self.batch is not None:
            known[BODY] = await self.batch.validated_in_turns(context.content, errors)
        elif self.body is not None:
            known[BODY] = as_model(self.body, context.content, errors, in_body)
        query = scope["query_string"]
        if self.query is not None and (query or self.requires_query):
            values = _values(context.query(scope), query, self.query, errors)
            known[QUERY] = as_model(self.query, values, errors, in_query)
        if errors:
            await self._add_violations(context, known, errors)
            raise ProblemException("validation_failed", errors=errors)

    async def _add_violations(
        self, context: RequestContext, known: Mapping[str, Any], errors: list[ProblemError]
    ) -> None:
        """Adds what would be found once these errors are mended."""
        caller = known.get(CALLER)
        if self.body is None or caller is None:
            return
        if self.batch is not None:
            await self.batch.add_violations(context.content, caller.at, errors)
        else:
            errors += violation_errors(self.body.violations(context.content, caller.at), context.content)


def _values(
    given: Sequence[tuple[str, str]], query: bytes, model: type[QueryModel], errors: list[ProblemError]
) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given:
        if name in model.REPEATED:
            values[name] = [*values.get(name, ()), value]
            if not value:
                errors.append(ProblemError(parameter=name, code="empty", detail="The parameter is empty."))
            continue
        if name in values:
            if name == model.CURSOR:
                raise ProblemException("invalid_cursor")
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
