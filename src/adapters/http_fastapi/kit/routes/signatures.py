"""Reads what FastAPI has found in a route's signatures, and says whether a compiled route understands all of it."""

import inspect
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_typed_return_annotation
from fastapi.routing import APIRoute, serialize_response
from pydantic import BeforeValidator, ValidationError
from starlette.convertors import StringConvertor
from starlette.responses import JSONResponse, Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.batch_body import BatchBody
from adapters.http_fastapi.kit.object_id import object_id
from adapters.http_fastapi.kit.routes.binding import BODY, CALLER, QUERY, REQUEST, Binding, Call
from adapters.http_fastapi.kit.schemas import CreateBody, QueryModel
from domain.access.scopes import Scope as KeyScope


class _NotUnderstood(Exception):
    """There is something that only FastAPI knows how to provide."""


class _NoQuery(QueryModel):
    """The query of an operation that takes none."""


def binding_of(route: APIRoute, *, is_strict: bool) -> Binding | None:
    """How to call the route's endpoint; None where FastAPI alone knows all that it asks for.

    Where that ``is_strict``, a query is refused if the endpoint declares none.
    """
    try:
        return _Reader(route, is_strict=is_strict).binding()
    except _NotUnderstood:
        return None


def required_scopes(dependant: Dependant, overridden: Container[Any] = ()) -> frozenset[KeyScope] | None:
    """The scopes that the dependencies together ask of a caller; None where none of them authenticates.

    What is ``overridden`` is not asked, nor what it depends on. Raises ``ValueError`` for a scope that does not exist.
    """
    found = [each for each in _walk(dependant, overridden) if each.call is authenticate]
    if not found:
        return None
    return frozenset(
        KeyScope(scope)
        for each in found
        for scope in (*(each.parent_oauth_scopes or ()), *(each.own_oauth_scopes or ()))
    )


def _walk(dependant: Dependant, overridden: Container[Any]) -> Iterator[Dependant]:
    """A dependant and all that it depends on."""
    yield dependant
    for each in dependant.dependencies:
        if each.call not in overridden:
            yield from _walk(each, overridden)


class _Reader:
    """Reads one route; every method raises ``_NotUnderstood``."""

    def __init__(self, route: APIRoute, *, is_strict: bool) -> None:
        self._route, self._is_strict = route, is_strict
        self._dependencies: list[Call] = []
        self._results: dict[Hashable, str] = {}
        self._path: dict[str, tuple[str, str, Callable[[str], Any] | None]] = {}
        self._headers: dict[str, tuple[str, bytes]] = {}
        self._needs_request = False

    def binding(self) -> Binding:
        route, dependant = self._route, self._route.dependant
        endpoint = dependant.call
        _require(type(route).get_route_handler is APIRoute.get_route_handler)  # which subclasses may wrap
        _require(inspect.iscoroutinefunction(endpoint) and route.max_body_size is None)
        assert endpoint is not None  # noqa: S101  # -- as has just been required
        promised = get_typed_return_annotation(endpoint)
        _require(inspect.isclass(promised) and issubclass(promised, Response))
        _require(all(type(convertor) is StringConvertor for convertor in route.param_convertors.values()))
        for each in dependant.dependencies:
            self._dependency(each)
        body, query = self._body(dependant), self._query(dependant) or (_NoQuery if self._is_strict else None)
        values = {field.name: BODY for field in dependant.body_params}
        values |= {field.name: QUERY for field in dependant.query_params}
        call = self._call(dependant, values, "response")
        no_query = _default(query)
        return Binding(
            scopes=required_scopes(dependant),
            body=body,
            batch=body if body is not None and issubclass(body, BatchBody) else None,
            query=query,
            no_query=no_query,
            requires_query=query is not None and no_query is None,
            path=tuple(self._path.values()),
            headers=tuple(self._headers.values()),
            needs_request=self._needs_request,
            dependencies=tuple(self._dependencies),
            endpoint=call,
            serialize=_serializer(route),
        )

    def _dependency(self, dependant: Dependant) -> str:
        """The key of its result."""
        if dependant.call is authenticate:
            return CALLER
        call = dependant.call
        # FastAPI runs a synchronous dependency in a thread, where it may block: that is left to it.
        _require(inspect.isroutine(call) and inspect.iscoroutinefunction(call))
        _require(dependant.scope is None and dependant.concurrency is None)
        _require(not dependant.body_params and not dependant.query_params)
        identity = (call, dependant.use_cache or object())
        if identity not in self._results:
            for each in dependant.dependencies:
                self._dependency(each)
            result = self._results[identity] = f"dependency {len(self._results)}"
            self._dependencies.append(self._call(dependant, {}, result))
        return self._results[identity]

    def _call(self, dependant: Dependant, values: dict[str, str], result: str) -> Call:
        """The call of this function, where everything that it asks for is understood."""
        assert dependant.call is not None  # noqa: S101  # -- tells the type checker what _require() has settled
        _require(
            not dependant.cookie_params
            and dependant.response_param_name is None
            and dependant.background_tasks_param_name is None
            and dependant.security_scopes_param_name is None
            and dependant.websocket_param_name is None
        )
        values |= {each.name: self._dependency(each) for each in dependant.dependencies if each.name is not None}
        for name in (dependant.request_param_name, dependant.http_connection_param_name):
            if name is not None:
                values[name], self._needs_request = REQUEST, True
        values |= {field.name: self._path_parameter(field) for field in dependant.path_params}
        values |= {field.name: self._header(field) for field in dependant.header_params}
        parameters = inspect.signature(dependant.call).parameters
        _require(parameters.keys() == values.keys())
        function: Callable[..., Any] = dependant.call
        # A decorator's wrapper may look for names, as FastAPI always gives them.
        is_wrapper = hasattr(function, "__wrapped__")
        if is_wrapper or any(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters.values()):
            function = partial(_by_keyword, function, tuple(parameters))
        return Call(function, _getter([values[name] for name in parameters]), result)

    def _path_parameter(self, field: Any) -> str:
        info, key = field.field_info, f"path {field.name}"
        read = None
        if info.annotation is str:
            _require(not info.metadata)
        else:
            _require(info.annotation is UUID and info.metadata == [BeforeValidator(object_id)])
            read = object_id
        _require(field.alias == field.name and field.validation_alias in {None, field.name})
        self._path[key] = (key, field.name, read)
        return key

    def _header(self, field: Any) -> str:
        """A header that is text and may be missing."""
        info = field.field_info
        _require(info.annotation == (str | None) and not info.metadata and not info.is_required())
        _require(info.get_default(call_default_factory=True) is None and not info.validate_default)
        _require(field.validation_alias in {None, field.alias})
        name = field.alias.lower()
        self._headers[name] = (f"header {name}", name.encode())
        return f"header {name}"

    def _body(self, dependant: Dependant) -> type[CreateBody] | None:
        if not dependant.body_params:
            return None
        (field, *more) = dependant.body_params
        info = field.field_info
        model: Any = info.annotation
        _require(not more and type(info) is params.Body and not info.embed)
        _require(inspect.isclass(model) and issubclass(model, CreateBody) and info.is_required() and not info.metadata)
        body: type[CreateBody] = model
        return body

    @staticmethod
    def _query(dependant: Dependant) -> type[QueryModel] | None:
        if not dependant.query_params:
            return None
        (field, *more) = dependant.query_params
        model: Any = field.field_info.annotation
        _require(not more and not field.field_info.metadata)
        _require(inspect.isclass(model) and issubclass(model, QueryModel))
        query: type[QueryModel] = model
        return query


def _default(query: type[QueryModel] | None) -> QueryModel | None:
    """What a request without a query asks for; None where a parameter is required."""
    try:
        return None if query is None else query()
    except ValidationError:
        return None


def _getter(keys: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """What takes the values of these keys out of a mapping."""
    if len(keys) == 1:
        (key,) = keys
        return lambda known: (known[key],)
    return itemgetter(*keys) if keys else lambda _: ()


def _by_keyword(function: Callable[..., Any], names: Sequence[str], *values: Any) -> Any:
    return function(**dict(zip(names, values, strict=True)))


def _serializer(route: APIRoute) -> Callable[[Any], Any]:
    async def serialize(content: Any) -> Response:
        serialized = await serialize_response(
            field=route.response_field,
            response_content=content,
            include=route.response_model_include,
            exclude=route.response_model_exclude,
            by_alias=route.response_model_by_alias,
            exclude_unset=route.response_model_exclude_unset,
            exclude_defaults=route.response_model_exclude_defaults,
            exclude_none=route.response_model_exclude_none,
        )
        declared = route.response_class
        response_class = declared if inspect.isclass(declared) else JSONResponse
        return response_class(serialized, status_code=route.status_code or 200)

    return serialize


def _require(is_understood: bool) -> None:
    if not is_understood:
        raise _NotUnderstood
