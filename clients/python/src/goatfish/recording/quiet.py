"""Methods that warn where they would raise."""

from __future__ import annotations

import functools
from typing import Any, Callable, Protocol, TypeVar, cast

from goatfish.recording import values

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Speaker(Protocol):
    """Whoever has such methods."""

    def _say(self, sentence: str) -> None: ...


def quiet(method: _Method) -> _Method:
    """A method that warns where it would raise."""

    @functools.wraps(method)
    def quietly(self: Speaker, /, *arguments: Any, **named: Any) -> Any:
        try:
            return method(self, *arguments, **named)
        except Exception as error:
            self._say(f"{method.__name__}() recorded nothing: {type(error).__name__}: {values.plain_text(error)}")
            return None

    return cast(_Method, quietly)
