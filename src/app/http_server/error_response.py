"""Error responses that the server itself sends, as problem details like those of the API."""

import secrets
from http import HTTPStatus
from typing import NamedTuple

from adapters.http_fastapi.kit.layers.response_headers import complete
from adapters.http_fastapi.kit.problems import ProblemException, problem_response


class ErrorResponse(NamedTuple):
    """A connection's last response."""

    data: bytes
    status: int
    request_id: str
    body_size: int
    """Bytes of the body, which follows the headers in ``data``."""


def error_response(
    problem: ProblemException, *, request_id: str = "", path: str = "", bodiless: bool = False
) -> ErrorResponse:
    """This problem, at this path and with this request's id if known; bodiless to HEAD."""
    request_id = request_id or secrets.token_hex(16)
    response = problem_response(problem, path, request_id)
    given = [*response.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
    status = HTTPStatus(response.status_code)
    if status is HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" not in response.headers:
        given.append((b"retry-after", b"1"))
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in complete(given, path=path, scheme="http")]
    body = b"" if bodiless else bytes(response.body)
    return ErrorResponse(b"\r\n".join([*lines, b"", body]), status.value, request_id, len(body))
