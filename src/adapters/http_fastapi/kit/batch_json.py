"""The JSON of bodies with many items: decoded and freed piece by piece, and so never holds the event loop for long."""

import json
import re
from collections.abc import Sequence
from itertools import islice
from json.decoder import scanstring  # type: ignore[attr-defined]  # -- not in its stub, and there since ever
from typing import Any

from adapters.http_fastapi.kit.json_decoding import (
    VALUES_MAX,
    decode_first,
    malformed,
    members,
    require_shallow,
    too_deep,
    too_many_values,
    unacceptable,
)
from adapters.http_fastapi.kit.plain_batch import ITEM_MAX, read_plain
from adapters.http_fastapi.kit.problems import ProblemException, pointer
from domain.batches import ITEMS, ITEMS_MAX
from domain.turns import Turns

_WINDOW = 16 << 10
"""Characters in which the end of an item is looked for first, as few as a piece of work may have."""
_BLANKS = re.compile(r"[ \t\n\r]*")
_MARKS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[,\[{]', re.DOTALL)
"""Texts, and what begins another value outside of them. A text that does not end is one too, or each quote in it
would be looked at as its beginning."""
_FREED_AT_ONCE = 20


async def decode_in_turns(text: str) -> Any:
    """The JSON value of a body with many items. Raises ``ProblemException`` (400, 422).

    Members of an object are decoded one by one, and so are the items of a member that is an array.
    """
    with Turns() as turns:
        await turns.pause(now=True)
        try:
            return await read_plain(text, turns) or await _Scanner(text, turns).whole()
        except json.JSONDecodeError as error:
            raise malformed(error) from None


async def free_in_turns(content: Any) -> None:
    """Empties the list of items, when nobody needs it any more: to free all at once would hold the event loop."""
    items = content[ITEMS]
    with Turns() as turns:
        await turns.pause(now=True)
        while items:
            del items[-_FREED_AT_ONCE:]
            await turns.pause()


class _Scanner:
    """Reads a text from left to right; methods raise ``JSONDecodeError`` and ``ProblemException``."""

    def __init__(self, text: str, turns: Turns) -> None:
        self._text, self._turns = text, turns
        self._place = 0

    async def whole(self) -> Any:
        value = await self._object() if self._next() == "{" else self._piece()
        if self._next():
            raise self._error("Extra data")
        return value

    async def _object(self) -> Any:
        pairs: list[tuple[str, Any]] = []
        self._place += 1
        if self._next() == "}":
            self._place += 1
            return {}
        while True:
            if self._next() != '"':
                raise self._error("Expecting property name enclosed in double quotes")
            name = self._name()
            if self._next() != ":":
                raise self._error("Expecting ':' delimiter")
            self._place += 1
            pairs.append((name, await self._array(name) if self._next() == "[" else self._piece(name)))
            await self._turns.pause()
            if self._ends("}"):
                return members(pairs)
            if len(pairs) == VALUES_MAX:
                raise too_many_values()

    async def _array(self, name: str) -> list[Any]:
        items: list[Any] = []
        self._place += 1
        if self._next() == "]":
            self._place += 1
            return items
        while True:
            self._next()
            items.append(self._piece(name, len(items)))
            await self._turns.pause()
            if self._ends("]"):
                return items
            if len(items) == ITEMS_MAX:
                raise unacceptable("too_long", "There are too many items.", pointer(name))

    def _name(self) -> str:
        start = self._place
        try:
            name, length = scanstring(self._text[start : start + _WINDOW], 1)
        except json.JSONDecodeError as error:
            if start + _WINDOW < len(self._text):
                raise unacceptable("unknown", "There is nothing of this name.") from None
            raise json.JSONDecodeError(error.msg, self._text, start + error.pos) from None
        self._place = start + length
        return str(name)

    def _next(self) -> str:
        """The character after blanks; none at the end."""
        blanks = _BLANKS.match(self._text, self._place)
        self._place = blanks.end() if blanks else self._place
        return self._text[self._place : self._place + 1]

    def _ends(self, closing: str) -> bool:
        """Whether this comes next, and not a comma."""
        sign = self._next()
        if sign not in {",", closing} or not sign:
            raise self._error("Expecting ',' delimiter")
        self._place += 1
        return sign == closing

    def _error(self, message: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(message, self._text, self._place)

    def _piece(self, *path: str | int) -> Any:
        """The value that comes next, decoded at once: one with no more values than a body that has nothing else."""
        start = self._place
        try:
            value, length = self._decoded(start)
            self._place = start + length
            opened = self._text.count("[", start, self._place) + self._text.count("{", start, self._place)
            if opened + self._text.count(",", start, self._place) > VALUES_MAX and self._beyond(start, self._place):
                raise too_many_values()
            require_shallow(value, opened, above=len(path))
        except ProblemException as problem:
            raise _within(problem, path) from None
        except RecursionError:
            raise _within(too_deep(), path) from None
        return value

    def _decoded(self, start: int) -> tuple[Any, int]:
        """A value and its length. Nothing is decoded beyond the bounds of one, wherever it ends."""
        try:
            return decode_first(self._text[start : start + _WINDOW])
        except json.JSONDecodeError:
            pass  # it may be longer
        end = start + ITEM_MAX
        beyond = self._beyond(start, end)
        piece = self._text[start : end if beyond is None else beyond]
        try:
            return decode_first(piece)
        except json.JSONDecodeError as error:
            if beyond is not None and error.pos >= len(piece.rstrip()):
                raise too_many_values() from None
            if beyond is None and end < len(self._text):
                raise unacceptable("item_too_large", f"This is longer than {ITEM_MAX} characters.") from None
            raise json.JSONDecodeError(error.msg, self._text, start + error.pos) from None

    def _beyond(self, start: int, end: int) -> int | None:
        """Where there are more than ``VALUES_MAX`` values from the start on, if that is before the end."""
        marks = (mark.start() for mark in _MARKS.finditer(self._text, start, end) if self._text[mark.start()] != '"')
        return next(islice(marks, VALUES_MAX, None), None)


def _within(problem: ProblemException, path: Sequence[str | int]) -> ProblemException:
    """The same problem of a value that is at this place in the body."""
    within = pointer(*path)
    errors = [each.model_copy(update={"pointer": f"{within}{(each.pointer or '#')[1:]}"}) for each in problem.errors]
    return ProblemException(problem.kind, problem.detail, errors=errors)
