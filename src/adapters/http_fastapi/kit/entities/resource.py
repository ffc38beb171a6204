"""The operations over HTTP that every entity has: list, create, get, replace, update, delete."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.conditional_requests import EntityTags, list_precondition
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.entities.entity_problems import Conflicts, register_problems
from adapters.http_fastapi.kit.entities.entity_schemas import (
    create_body,
    list_query,
    patch_body,
    replace_body,
    require_names,
    view,
    with_article,
)
from adapters.http_fastapi.kit.object_id import ObjectId
from adapters.http_fastapi.kit.openapi import BODY, CREATE, WRITE, headers, links, refusals, unchanged
from adapters.http_fastapi.kit.pagination import ListQuery, Pagination, with_cursors
from adapters.http_fastapi.kit.responses import created_response, object_response
from adapters.http_fastapi.kit.routes.route import router
from adapters.http_fastapi.kit.schemas import CreateBody, PatchBody, View, page_schema
from adapters.http_fastapi.kit.writes import idempotent_write_context, write_context
from domain.access.authentication import Caller
from domain.access.scopes import Scope, scopes_to
from domain.entity import plural_of, title_of
from domain.errors import ListTimeout
from domain.idempotency import IdempotentExecutor
from domain.repository import Owned, Precondition
from domain.use_cases import EntityUseCases
from domain.write_context import WriteContext

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An entity as clients see it: its plural name, its schemas, and the scopes that its operations require."""

    entity: type[Owned]
    plural: str
    create: type[CreateBody]
    replace: type[CreateBody]
    patch: type[PatchBody]
    view: type[View]
    query: type[ListQuery]
    reads: Scope
    writes: Scope
    tags: EntityTags
    conflicts: Conflicts

    @property
    def one(self) -> str:
        """What people call one of them, with its article."""
        return with_article(title_of(self.entity))

    @property
    def many(self) -> str:
        """What people call several of them."""
        return self.plural.replace("_", " ")

    @classmethod
    def of(cls, entity: type[Owned], entities: Collection[type[Owned]]) -> "Resource":
        """The resource of an entity with annotated fields, which is one of ``entities``.

        Raises ``TypeError`` where it has no scopes, where the name of a field has another meaning in schemas, and where
        two problems have the same code.
        """
        require_names(entity)
        plural, shown = plural_of(entity), view(entity)
        reads, writes = scopes_to(plural)
        return cls(
            entity=entity,
            plural=plural,
            create=create_body(entity),
            replace=replace_body(entity),
            patch=patch_body(entity),
            view=shown,
            query=list_query(entity),
            reads=reads,
            writes=writes,
            tags=EntityTags(shown),
            conflicts=register_problems(entity, entities),
        )


def annotate(**annotations: Any) -> Callable[[F], F]:
    """Sets the annotations of an endpoint's parameters whose types are made at run time."""

    def annotated(endpoint: F) -> F:
        endpoint.__annotations__.update(annotations)
        return endpoint

    return annotated


def resource_routes(
    resource: Resource, use_cases: EntityUseCases[Any], cursors: Cursors, idempotent: IdempotentExecutor
) -> APIRouter:
    """The routes of this resource, on these use cases."""
    routes = router(resource.plural, f"/api/v1/{resource.plural}")
    _add_reads(routes, resource, use_cases, cursors)
    _add_creation(routes, resource, use_cases, idempotent)
    _add_changes(routes, resource, use_cases)
    return routes


def _add_reads(routes: APIRouter, resource: Resource, use_cases: EntityUseCases[Any], cursors: Cursors) -> None:
    kind, view, tags, pages = resource.entity.KIND, resource.view, resource.tags, Pagination(resource.plural, cursors)
    Reader = Annotated[Caller, Security(authenticate, scopes=[resource.reads])]  # noqa: N806  # -- a type

    @routes.get(
        "",
        name=f"list_{resource.plural}",
        summary=f"List {resource.many}",
        response_model=page_schema(resource.entity.__name__, view),
        responses={200: headers("Link"), **refusals("missing_scope", "invalid_cursor", "list_timeout")},
    )
    @annotate(query=Annotated[with_cursors(resource.query, cursors.open), Query()])
    async def list_(request: Request, caller: Reader, query: ListQuery) -> Response:
        """Returns one page, newest first unless `sort` says otherwise.

        `next_cursor` and the `Link` header lead to the next page. A page of large objects has fewer than `limit`.
        """
        owner = caller.owner.id
        wanted = pages.request(owner, query)
        try:
            page = await use_cases.list(owner, wanted)
        except ListTimeout as error:
            raise pages.too_slow(query, error) from None
        return await pages.response(request, owner, wanted, page, view.each)

    @routes.get(
        "/{id}",
        name=f"get_{kind}",
        summary=f"Get {resource.one}",
        response_model=view,
        responses={
            200: headers("ETag") | _links(kind),
            304: unchanged(),
            **refusals(f"{kind}_not_found", "missing_scope"),
        },
    )
    async def get(id: ObjectId, caller: Reader, known: Annotated[Sequence[str], Depends(tags.known)]) -> Response:
        """Returns one object, or 304 if `If-None-Match` contains its current `ETag`."""
        found = await use_cases.get(caller.owner.id, id)
        return object_response(view.of(found), found, tags, known)


def _add_creation(
    routes: APIRouter, resource: Resource, use_cases: EntityUseCases[Any], idempotent: IdempotentExecutor
) -> None:
    kind, view, tags = resource.entity.KIND, resource.view, resource.tags
    Writer = Annotated[Caller, Security(authenticate, scopes=[resource.writes])]  # noqa: N806  # -- a type
    Creation = Annotated[WriteContext, Depends(idempotent_write_context(f"create_{kind}"))]  # noqa: N806  # -- a type

    @routes.post(
        "",
        name=f"create_{kind}",
        summary=f"Create {resource.one}",
        status_code=201,
        response_model=view,
        responses={
            201: headers("ETag", "Location", "Idempotency-Replayed") | _links(kind),
            **refusals(*CREATE, *resource.conflicts.create),
        },
    )
    @annotate(body=resource.create)
    async def create(
        request: Request,
        body: CreateBody,
        caller: Writer,
        write_context: Creation,
        precondition: Annotated[Precondition, Depends(list_precondition)],
    ) -> Response:
        """Creates an object. With an `Idempotency-Key` it is created once, however often the request is sent."""
        owner = caller.owner.id
        made, replayed = await idempotent.create_once(
            owner,
            write_context,
            resource.entity,
            lambda: use_cases.create(owner, write_context, precondition, **body.fields()),
        )
        return created_response(request, view.of(made), made, tags, replayed=replayed)


def _add_changes(routes: APIRouter, resource: Resource, use_cases: EntityUseCases[Any]) -> None:
    kind, one, view, tags = resource.entity.KIND, resource.one, resource.view, resource.tags
    Writer = Annotated[Caller, Security(authenticate, scopes=[resource.writes])]  # noqa: N806  # -- a type
    Write = Annotated[WriteContext, Depends(write_context)]  # noqa: N806  # -- a type
    Condition = Annotated[Precondition, Depends(tags.precondition)]  # noqa: N806  # -- a type
    refused = (f"{kind}_not_found", "precondition_failed", *WRITE)
    changes: dict[str, Any] = {
        "response_model": view,
        "responses": {
            200: headers("ETag") | _links(kind),
            **refusals(*refused, *resource.conflicts.change, *BODY),
        },
    }

    @routes.put("/{id}", name=f"replace_{kind}", summary=f"Replace {one}", **changes)
    @annotate(body=resource.replace)
    async def replace(
        id: ObjectId, body: CreateBody, caller: Writer, write_context: Write, precondition: Condition
    ) -> Response:
        """Replaces all members that clients write; those left out get their defaults. Never creates an object."""
        changed = await use_cases.replace(caller.owner.id, id, write_context, precondition, **body.fields())
        return object_response(view.of(changed), changed, tags)

    @routes.post("/{id}", name=f"amend_{kind}", summary=f"Amend {one}", **changes)
    @routes.patch("/{id}", name=f"update_{kind}", summary=f"Update {one}", **changes)
    @annotate(body=resource.patch)
    async def update(
        id: ObjectId, body: PatchBody, caller: Writer, write_context: Write, precondition: Condition
    ) -> Response:
        """Changes only the members that are sent. PATCH and POST do the same.

        The body may also be `application/merge-patch+json` (RFC 7396), which means the same.
        """
        changed = await use_cases.update(caller.owner.id, id, write_context, precondition, **body.fields())
        return object_response(view.of(changed), changed, tags)

    @routes.delete(
        "/{id}",
        name=f"delete_{kind}",
        summary=f"Delete {one}",
        status_code=204,
        responses=refusals(*refused, *resource.conflicts.delete),
    )
    async def delete(id: ObjectId, caller: Writer, write_context: Write, precondition: Condition) -> Response:
        """Deletes an object. Its revisions are kept, and it can be restored from them."""
        await use_cases.delete(caller.owner.id, id, write_context, precondition)
        return Response(status_code=204)


def _links(kind: str) -> dict[str, Any]:
    """The operations that follow from an answer with an object of this kind."""
    return links(reads=[f"get_{kind}"], writes=[f"{verb}_{kind}" for verb in ("replace", "update", "amend", "delete")])
