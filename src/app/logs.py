"""Formatters of the log, as text or as JSON: they redact API keys, escape control characters, and never fail.

What is logged within a request has its request id, and its trace id where it belongs to a trace.
"""

import json
import logging
import re
from datetime import UTC, datetime
from types import TracebackType
from typing import TypeAlias

from adapters.http_fastapi.kit.layers.current_request import CURRENT, trace_id
from domain.access.token import redact

_ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What ends a line somewhere, or moves a terminal's cursor; and what cannot be written."""
_WORD = re.compile(r"[!#-<>-~]+")
"""A value that needs no quotes: ASCII without blanks, quotes and equals signs."""


class Fields(dict[str, object]):
    """A message of named values: ``name=value`` in text, members in JSON. None is nothing: ``-`` or null."""

    def __str__(self) -> str:
        return " ".join(f"{name}={_word(value)}" for name, value in self.items())


def _ids_of_request() -> Fields:
    """The ids of the request within which this runs; none outside of any."""
    request = CURRENT.get()
    if request is None:
        return Fields()
    ids = Fields(request_id=request.request_id)
    if (trace := trace_id(request)) is not None:
        ids["trace_id"] = trace
    return ids


def _word(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if _WORD.fullmatch(text) else json.dumps(text)


def _escaped(text: str) -> str:
    """The text with control characters as Python writes them, so that it is one line."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


class KeyHidingFormatter(logging.Formatter):
    """Lines of text. What follows a message, a traceback, is indented: no text in it can pass for another line."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return redact(super().format(record))
        except Exception as error:  # logging's own error handler would print the arguments unredacted
            return f"{record.levelname} {record.name}: {_failure(error, record)}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """The line itself."""
        line = super().formatMessage(record)
        if not isinstance(record.msg, Fields) and (ids := _ids_of_request()):
            line += f" [{ids}]"
        return _escaped(line)

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 -- logging's name
        """The traceback."""
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"  {_escaped(line)}" for line in lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` in UTC, ``level``, ``logger``, ids, and ``message`` or the fields of one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname,
            "logger": record.name,
        }
        try:
            if isinstance(record.msg, Fields):
                line |= record.msg
            else:
                line |= _ids_of_request()
                line["message"] = record.getMessage()
            if record.exc_info:
                line["exception"] = self.formatException(record.exc_info)
            if record.stack_info:
                line["stack"] = record.stack_info
            line = {name: redact(value) if isinstance(value, str) else value for name, value in line.items()}
            return json.dumps(line, default=str).replace("\x7f", "\\u007f")
        except Exception as error:
            return json.dumps({**line, "message": _failure(error, record)}, default=repr)


def _failure(error: Exception, record: logging.LogRecord) -> str:
    return f"{type(error).__name__} while formatting a message logged at {record.pathname}:{record.lineno}"
