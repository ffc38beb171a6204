"""Error responses that the server itself sends, as problem details like those of the API."""

import secrets
from http import HTTPStatus

from adapters.http_fastapi.kit.problems import ProblemException, problem_response
from adapters.http_fastapi.kit.response_headers import complete


def error_response(code: str, *, path: str = "", bodiless: bool = False) -> bytes:
    """The bytes of a connection's last response: the problem of this code, at this path if known; bodiless to HEAD."""
    request_id = secrets.token_hex(16)
    response = problem_response(ProblemException(code), path, request_id)
    given = [*response.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
    status = HTTPStatus(response.status_code)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        given.append((b"retry-after", b"1"))
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in complete(given, path=path, scheme="http")]
    return b"\r\n".join([*lines, b"", b"" if bodiless else bytes(response.body)])
