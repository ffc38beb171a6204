"""Lists that are read page by page, as they are needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from goatfish.decoding import decoded, objects_of
from goatfish.http.request import Parameter, new_request
from goatfish.json_objects import Model
from goatfish.models import Page

if TYPE_CHECKING:
    from goatfish.async_api.sender import AsyncSender

M = TypeVar("M", bound=Model)


class AsyncPages(Generic[M]):
    """All objects of a list, read lazily; each iteration begins again at the first page."""

    def __init__(self, sender: AsyncSender, path: str, params: Mapping[str, Parameter], kind: type[M]) -> None:
        self._sender = sender
        self._path = path
        self._params = params
        self._kind = kind

    async def __aiter__(self) -> AsyncIterator[M]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[M]]:
        """The pages, each with its answer and the cursor of the next."""
        page = await self.page()
        yield page
        while page.next_cursor is not None:
            page = await self.page(page.next_cursor)
            yield page

    async def page(self, cursor: str | None = None) -> Page[M]:
        """One page: the first, or that of this cursor."""
        params = {**self._params, "cursor": cursor}
        response = await self._sender.send(new_request("GET", self._path, params=params))
        json = decoded(response)
        return Page(objects_of(self._kind, json, response), json.get("next_cursor"), response)

    async def first(self) -> M | None:
        """The first object, or None where there is none."""
        async for item in self:
            return item
        return None
