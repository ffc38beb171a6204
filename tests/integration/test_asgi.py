"""The ASGI application serves the API, its interactive page, and Django's admin with its static files."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.asgi import app, django_app
from tests.contracts.http_api import expect_problem


@pytest.fixture
def http(db: None) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_the_admin_and_its_static_files_are_served(http: TestClient) -> None:
    assert http.get("/admin", follow_redirects=False).headers["location"] == "/admin/"
    page = http.get("/admin/login/")
    assert page.status_code == 200
    assert "/static/admin/css/base.css" in page.text
    assert http.get("/static/admin/css/base.css").headers["content-type"].startswith("text/css")
    expect_problem(http.get("/static/admin/none.css"), 404, "not_found")
    expect_problem(http.post("/static/admin/css/base.css"), 405, "method_not_allowed")


def test_the_django_application_works_without_fastapi(db: None) -> None:
    django_client = TestClient(django_app, base_url="http://localhost")  # type: ignore[arg-type]  # -- as in app.asgi
    page = django_client.get("/admin/login/")
    assert page.status_code == 200
    assert "Goatfish" in page.text


def test_a_disallowed_host_is_logged_in_one_line(db: None, caplog: pytest.LogCaptureFixture) -> None:
    django_client = TestClient(django_app, base_url="http://evil.example")  # type: ignore[arg-type]  # -- as in app.asgi
    assert django_client.get("/admin/").status_code == 400
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
