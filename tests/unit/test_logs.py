"""Within a request, every line of the log has its ids."""

import json
import logging
from typing import Any

from adapters.http_fastapi.kit.layers.current_request import CURRENT
from app.logs import Fields, JsonFormatter, KeyHidingFormatter

TRACE = "0af7651916cd43dd8448eb211c80319c"


class FakeRequest:
    """What the log reads of a request."""

    request_id = "abc"

    def __init__(self, **headers: str) -> None:
        self.request_headers = {name.encode(): value.encode() for name, value in headers.items()}


def line(message: object, request: Any) -> tuple[str, dict[str, Any]]:
    """A line that is logged within this request, as text and as JSON."""
    record = logging.LogRecord("goatfish", logging.WARNING, "here.py", 7, message, (), None)
    token = CURRENT.set(request)
    try:
        text = KeyHidingFormatter("{levelname} {message}", style="{").format(record)
        return text, json.loads(JsonFormatter().format(record))
    finally:
        CURRENT.reset(token)


def test_a_line_within_a_request_has_its_ids() -> None:
    text, fields = line("late", FakeRequest(traceparent=f"00-{TRACE}-b7ad6b7169203331-01"))
    assert text == f"WARNING late [request_id=abc trace_id={TRACE}]"
    assert (fields["request_id"], fields["trace_id"], fields["message"]) == ("abc", TRACE, "late")


def test_a_request_of_no_trace_has_its_id_alone() -> None:
    text, fields = line("late", FakeRequest())
    assert text == "WARNING late [request_id=abc]"
    assert "trace_id" not in fields


def test_fields_have_their_own_ids() -> None:
    text, fields = line(Fields(request_id="other"), FakeRequest())
    assert text == "WARNING request_id=other"
    assert fields["request_id"] == "other"


def test_a_line_outside_of_requests_has_none() -> None:
    text, fields = line("started", None)
    assert text == "WARNING started"
    assert "request_id" not in fields
