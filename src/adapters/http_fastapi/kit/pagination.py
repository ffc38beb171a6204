"""Lists over HTTP: what a client may ask of one, and the page that answers."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.cursors import Cursor, Cursors
from adapters.http_fastapi.kit.responses import json_response
from adapters.http_fastapi.kit.schemas import whole_number
from domain.errors import ListTimeout
from domain.paging import LIMIT_DEFAULT, LIMIT_MAX, Condition, Page, PageRequest, Sort
from domain.repository import OwnerId


class LimitQuery(BaseModel):
    """The query of whatever is answered in parts."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[
        int,
        whole_number("limit", "The limit", 1, LIMIT_MAX, in_query=True),
        Field(description="objects on a page, at most", json_schema_extra={"minimum": 1, "maximum": LIMIT_MAX}),
    ] = LIMIT_DEFAULT


class ListQuery(LimitQuery):
    """The query of a list, in its default order."""

    NARROWER: ClassVar[dict[str, str]] = {}
    """What is said of a filter, by its name, to who should find less with it."""

    cursor: Annotated[
        str | None,
        Field(
            description="`next_cursor` of the page before; opaque",
            json_schema_extra={"minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"},
        ),
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

    def asked(self, owner: OwnerId, query: ListQuery, cursor: Cursor | None) -> PageRequest:
        """The page that is asked for. Raises ``ProblemException`` with 400 for a cursor of another owner or list."""
        wanted = query.request()
        if cursor is None:
            return wanted
        return replace(wanted, after=self._cursors.position(cursor, owner, self._name + listing(wanted)))

    def too_slow(self, query: ListQuery, error: ListTimeout) -> ListTimeout:
        """The timeout of the list that was asked for so, in words that say what to narrow."""
        filters = [name for name in type(query).model_fields if name not in {*ListQuery.model_fields, "sort"}]
        ways = [query.NARROWER.get(name, f"a closer {name}") for name in filters if name in query.model_fields_set]
        others = [name for name in filters if name not in query.model_fields_set]
        ways += [f"{' or '.join(others)} as well"] if others else []
        ways += ["a smaller limit"] if query.limit > 1 else []
        return ListTimeout(f"{error} Narrow it: ask for {', or for '.join(ways)}.")

    def answer(
        self, request: Request, owner: OwnerId, wanted: PageRequest, page: Page[Any], view: Sequence[Any]
    ) -> Response:
        """200 with what is shown of the page, and a ``Link`` to the next one where there is more."""
        context: RequestContext = request.scope[KEY]
        content: dict[str, Any] = {"items": view, "next_cursor": None}
        if page.next is None:
            return json_response(content)
        content["next_cursor"] = cursor = self._cursors.seal(page.next, owner, self._name + listing(wanted))
        kept = urlencode([pair for pair in context.query if pair[0] != "cursor"])
        following = f"{kept}&cursor={cursor}" if kept else f"cursor={cursor}"  # which needs no encoding
        link = f'<{request.scope["path"]}?{following}>; rel="next"'
        return json_response(content, 200, (b"link", link.encode("latin-1")))
