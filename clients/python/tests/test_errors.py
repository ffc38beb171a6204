"""Each answer that is no success is raised as the class of its code, and tells what the service said."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from clients.python.tests.scripted import RUN, Script, Step

import goatfish
from goatfish import problems
from goatfish.http.library import httpx


def raised(step: Step, **options: Any) -> goatfish.APIError:
    with pytest.raises(goatfish.APIError) as caught:
        Script(step).client(max_retries=0, **options).runs.get(RUN["id"])
    return caught.value


@pytest.mark.parametrize("code", problems.OF_CODE)
def test_every_code_is_raised_as_its_class(code: str) -> None:
    problem = {"code": code, "status": 499, "title": "Title", "detail": "Detail.", "request_id": "r1"}
    error = raised((499, {}, problem))
    assert type(error) is problems.OF_CODE[code]
    assert (error.status, error.code, error.title, error.detail) == (499, code, "Title", "Detail.")
    assert error.request_id == "r1"
    assert str(error) == f"Detail. (499 {code}, request r1)"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, goatfish.BadRequest),
        (401, goatfish.AuthenticationError),
        (403, goatfish.PermissionDenied),
        (404, goatfish.NotFound),
        (405, goatfish.APIError),
        (409, goatfish.Conflict),
        (410, goatfish.Gone),
        (412, goatfish.PreconditionFailed),
        (418, goatfish.APIError),
        (422, goatfish.InvalidRequest),
        (429, goatfish.RateLimited),
        (500, goatfish.ServerError),
        (599, goatfish.ServerError),
    ],
)
def test_an_unknown_code_is_raised_as_its_status(status: int, kind: type[goatfish.APIError]) -> None:
    bodies: list[Any] = [{"code": "from_a_newer_service", "detail": "New."}, {}, [], "text", {"code": 5, "errors": 5}]
    for body in bodies:
        error = raised((status, {}, body))
        assert type(error) is kind
        assert str(error)


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"\xff\xfe", b"[" * 100_000, b"{"])
def test_an_answer_of_something_else_is_raised_too(body: bytes) -> None:
    error = raised(lambda _: httpx.Response(502, content=body))
    assert type(error) is goatfish.ServerError
    assert str(error) == "The service is away, says what stands before it. (502)"
    assert error.response is not None
    assert error.response.body == body


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>Sign in</html>"),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b""),
        httpx.Response(200, json={"items": 5}),
        httpx.Response(200, json={"items": [5]}),
        httpx.Response(301, headers={"location": "https://elsewhere.example/"}),
        httpx.Response(304),
    ],
    ids=["html", "list", "nothing", "no items", "no objects", "redirect", "not modified"],
)
def test_a_success_that_is_not_the_services_is_no_success(answer: Any) -> None:
    with pytest.raises(goatfish.UnexpectedResponse):
        Script(lambda _: answer).client().runs.list().page()


def test_a_redirect_is_not_followed_and_named() -> None:
    script = Script((308, {"location": "https://elsewhere.example/x"}))
    with pytest.raises(goatfish.UnexpectedResponse, match=r"https://elsewhere\.example/x"):
        script.client().runs.get(RUN["id"])
    assert len(script.requests) == 1


def test_a_refusal_lists_every_place() -> None:
    items = [
        {"pointer": "#/end_date", "code": "before_start", "detail": "is before start_date"},
        {"parameter": "sort", "code": "x", "detail": "is unknown"},
        {"header": "If-Match", "code": "x", "detail": "is none"},
        {"from": "a newer service"},
        5,
    ]
    error = raised((422, {}, {"code": "validation_failed", "title": "Validation failed", "errors": items}))
    assert isinstance(error, goatfish.InvalidRequest)
    assert [each.where for each in error.errors] == ["#/end_date", "sort", "If-Match", "the request"]
    for text in ("#/end_date: is before start_date", "sort: is unknown", "If-Match: is none"):
        assert text in str(error)


def test_errors_survive_pickling_and_copying() -> None:
    error = raised((422, {}, {"code": "validation_failed", "errors": [{"pointer": "#/name", "detail": "no"}]}))
    error.maybe_done = True
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(other), str(other), other.maybe_done) == (type(error), str(error), True)
        assert other.response == error.response
    failure = pickle.loads(pickle.dumps(goatfish.TimedOut("slow", True)))
    assert (type(failure), str(failure), failure.maybe_done) == (
        goatfish.TimedOut,
        "slow (the request may have been carried out)",
        True,
    )


@pytest.mark.parametrize("step", [401, 500, httpx.ConnectError("refused"), httpx.ReadTimeout("")], ids=str)
def test_no_error_shows_the_key(step: Step) -> None:
    with pytest.raises(goatfish.GoatfishError) as caught:
        Script(step).client(max_retries=0).runs.get(RUN["id"])
    error: BaseException | None = caught.value
    while error is not None:
        assert "gf_secret" not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__


def test_the_key_is_sent_as_a_bearer_token() -> None:
    script = Script()
    script.client().runs.get(RUN["id"])
    (request,) = script.requests
    assert request.headers["authorization"] == "Bearer gf_secret"
    assert request.headers["user-agent"].startswith(f"goatfish-python/{goatfish.__version__} python/3.")


@pytest.mark.parametrize(
    "path",
    ["https://elsewhere.example/", "//elsewhere.example/x", "api/v1/runs", "/\\elsewhere.example", "/a b", "/a?b=c"],
)
def test_a_raw_request_leads_to_no_other_host(path: str) -> None:
    script = Script()
    with pytest.raises(ValueError, match="path"):
        script.client().request("GET", path)
    assert script.requests == []


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x"}, {"x-api-key": "x"}, {"If-Match": "a\r\nb: c"}, {"x": "ü"}]
)
def test_a_raw_request_has_the_clients_key_and_headers_that_are_some(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"key|header"):
        Script().client().request("GET", "/api/v1/runs", headers=headers)


def test_a_path_prefix_and_ids_stay_within_the_path() -> None:
    script = Script()
    client = goatfish.Client("http://localhost/prefix/", "key", transport=script)
    for id in ("..", "../keys", "a/b", "a?b", "a#b", "%2e%2e", "ü", "a b"):
        client.runs.get(id)
    paths = [request.url.raw_path.decode() for request in script.requests]
    assert all(path.startswith("/prefix/api/v1/runs/") and path.count("/") == 5 for path in paths), paths
    assert not [path for path in paths if "?" in path or ".." in path]
    for id in ("", "  "):
        with pytest.raises(ValueError, match="empty"):
            client.runs.get(id)
    with pytest.raises(TypeError, match="Run or its id"):
        client.runs.get(5)  # type: ignore[arg-type]  # -- wrong on purpose
    simulation = goatfish.Simulation.from_json({"id": "1", "name": "Wing"})
    with pytest.raises(TypeError, match="Run or its id is needed, not Simulation"):
        client.runs.get(simulation)  # type: ignore[arg-type]  # -- wrong on purpose
