"""Lists over HTTP: what a client may ask of one, and the page that answers."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.schemas import Digits, json_answer
from domain.paging import LIMIT_DEFAULT, LIMIT_MAX, Page

T = TypeVar("T")


class ListQuery(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Digits] = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX, description="objects on a page, at most")
    cursor: str | None = Field(None, description="`next_cursor` of the page before; opaque")


def list_answer(request: Request, page: Page[T], show: Callable[[T], Any], next_cursor: str | None) -> Response:
    """200 with the page, and a ``Link`` to the next one where there is more."""
    content = {"items": [show(item) for item in page.items], "next_cursor": next_cursor}
    if next_cursor is None:
        return json_answer(content)
    query = urlencode({**request.query_params, "cursor": next_cursor})
    return json_answer(content, link=f'<{request.url.path}?{query}>; rel="next"')
