"""One process serves everything: the API, its page, Django's admin and the admin's files."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.asgi import app, django_app
from tests.contracts.http_api import expect_problem


@pytest.fixture
def http(db: None) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_the_admin_has_its_page_and_its_files(http: TestClient) -> None:
    assert http.get("/admin", follow_redirects=False).headers["location"] == "/admin/"
    page = http.get("/admin/login/")
    assert page.status_code == 200
    assert "/static/admin/css/base.css" in page.text
    assert http.get("/static/admin/css/base.css").headers["content-type"].startswith("text/css")
    expect_problem(http.get("/static/admin/none.css"), 404, "not_found")
    expect_problem(http.post("/static/admin/css/base.css"), 405, "method_not_allowed")


def test_djangos_application_answers_alone(db: None) -> None:
    alone = TestClient(django_app, base_url="http://localhost")  # type: ignore[arg-type]  # -- as in app.asgi
    page = alone.get("/admin/login/")
    assert page.status_code == 200
    assert "Goatfish" in page.text


def test_a_host_that_is_not_ours_is_one_line_in_djangos_log(db: None, caplog: pytest.LogCaptureFixture) -> None:
    alone = TestClient(django_app, base_url="http://evil.example")  # type: ignore[arg-type]  # -- as in app.asgi
    assert alone.get("/admin/").status_code == 400
    (record,) = (record for record in caplog.records if record.name.startswith("django"))
    (line,) = caplog.handler.format(record).splitlines()
    assert "evil.example" in line


def test_the_interactive_page_loads_nothing_from_another_host(http: TestClient) -> None:
    page = http.get("/docs")
    assert page.status_code == 200
    assert "http:" not in page.text
    assert "https:" not in page.text
    assert http.get("/docs/assets/swagger-ui-bundle.js").status_code == 200
    assert http.get("/openapi.json").json()["openapi"].startswith("3.1")
