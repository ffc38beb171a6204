"""Lists over HTTP: what a client may ask of one, and the page that answers."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, ClassVar, NoReturn, TypeVar
from urllib.parse import urlencode

from pydantic import Field, PlainValidator, WithJsonSchema, create_model
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.cursors import Cursor, Cursors
from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.responses import Show, encoded_items, json_response
from adapters.http_fastapi.kit.schemas import QueryModel, whole_number
from domain.errors import ListTimeout
from domain.paging import LIMIT_DEFAULT, LIMIT_MAX, Condition, Page, PageRequest, Sort
from domain.repository import OwnerId

Q = TypeVar("Q", bound=QueryModel)
CURSOR_SCHEMA = WithJsonSchema({"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"})


def no_cursor(_: str) -> NoReturn:
    """Refuses every cursor."""
    raise ProblemException("invalid_cursor")


class LimitQuery(QueryModel):
    """The query of whatever is answered in parts."""

    limit: Annotated[
        int,
        whole_number("limit", "The limit", 1, LIMIT_MAX, in_query=True),
        Field(
            description="maximum number of objects on a page; one of large objects ends at about 1 MB",
            json_schema_extra={"minimum": 1, "maximum": LIMIT_MAX},
        ),
    ] = LIMIT_DEFAULT


class ListQuery(LimitQuery):
    """The query of a list, in its default order."""

    CURSOR: ClassVar[str | None] = "cursor"
    NARROWER: ClassVar[dict[str, str]] = {}
    """What is said of a filter, by its name, to who should find less with it."""

    cursor: Annotated[
        Cursor | None,
        PlainValidator(no_cursor),  # with_cursors() gives a model that accepts some
        CURSOR_SCHEMA,
        Field(description="`next_cursor` of the page before; opaque"),
    ] = None

    def request(self) -> PageRequest:
        """The first page of what is asked for."""
        return PageRequest(limit=self.limit)


def listing(wanted: PageRequest) -> str:
    """What a cursor is bound to besides its owner and kind: the order and the conditions, whatever the limit."""
    return _listing(wanted.sort, wanted.conditions)


@lru_cache(1000)
def _listing(sort: Sort, conditions: tuple[Condition, ...]) -> str:
    return f"{sort} {conditions}"


class Pagination:
    """Pages of one kind of object, whose cursors serve no other list."""

    def __init__(self, name: str, cursors: Cursors) -> None:
        self._name, self._cursors = name, cursors

    def request(self, owner: OwnerId, query: ListQuery) -> PageRequest:
        """The page that is asked for. Raises ``ProblemException`` with 400 for a cursor of another owner or list."""
        wanted = query.request()
        if query.cursor is None:
            return wanted
        return replace(wanted, after=self._cursors.position(query.cursor, owner, self._name + listing(wanted)))

    def too_slow(self, query: ListQuery, error: ListTimeout) -> ListTimeout:
        """The timeout of the list that was asked for so, in words that say what to narrow."""
        filters = [name for name in type(query).model_fields if name not in {*ListQuery.model_fields, "sort"}]
        ways = [query.NARROWER.get(name, f"a closer {name}") for name in filters if name in query.model_fields_set]
        others = [name for name in filters if name not in query.model_fields_set]
        ways += [f"{' or '.join(others)} as well"] if others else []
        ways += ["a smaller limit"] if query.limit > 1 else []
        return ListTimeout(f"{error} Narrow it: ask for {', or for '.join(ways)}.")

    async def response(
        self, request: Request, owner: OwnerId, wanted: PageRequest, page: Page[Any], show: Show
    ) -> Response:
        """200 with what is shown of the page, and a ``Link`` to the next one where there is more."""
        content: dict[str, Any] = {"items": await encoded_items(show, page.items), "next_cursor": None}
        if page.next is None:
            return json_response(content)
        content["next_cursor"] = cursor = self._cursors.seal(page.next, owner, self._name + listing(wanted))
        context: RequestContext = request.scope[KEY]
        kept = urlencode([pair for pair in context.query(request.scope) if pair[0] != "cursor"])
        following = f"{kept}&cursor={cursor}" if kept else f"cursor={cursor}"  # which needs no encoding
        link = f'<{request.scope["path"]}?{following}>; rel="next"'
        return json_response(content, 200, (b"link", link.encode("latin-1")))


def with_cursors(model: type[Q], opened: Callable[[str], object]) -> type[Q]:
    """The model with the value of its cursor ``opened``, which raises ``ProblemException`` for what is not genuine.

    So a signed cursor is verified where the query is validated, once, and its endpoint has nothing else to read.
    """
    name = model.CURSOR or ""
    described = Field(description=model.model_fields[name].description)
    members: dict[str, Any] = {name: (Annotated[Any, PlainValidator(opened), CURSOR_SCHEMA, described], None)}
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **members)
