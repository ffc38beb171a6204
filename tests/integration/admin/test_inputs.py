"""Invalid queries, paths and forms are never a 500, and bugs are not hidden as a 400."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client

from adapters.django_orm.models import Operator
from tests.integration.admin.admin_client import OWNERS, OperatorBrowser

SIMULATIONS, OPERATORS = "/admin/goatfish/simulationrow", "/admin/goatfish/operator"
PART = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
HUGE = "9" * 40


def test_an_impossible_username_is_rejected_and_not_stored(operator_browser: OperatorBrowser) -> None:
    attempts: Any = apps.get_model("axes", "AccessAttempt")  # the library has no types
    operator_browser.http.cookies.clear()
    before = attempts.objects.count()
    for name in ("x" * 151, "x" * 256, "é" * 300, "x" * 10_000, "\ufdfa" * 150, "a\0b"):
        answer = operator_browser.send("/admin/login/?next=/admin/", username=name, password="a guess")
        assert answer.status_code in {200, 400}, name
    assert attempts.objects.count() == before


REJECTED_QUERIES = ("created_at__year=10000", "created_at__year=-1", "start_date__year__gte=99999", "q=" + "x" * 10_000)
QUERIES = [
    *("created_at__year=10000", "created_at__year=-1", "start_date__year__gte=99999", "created_at__iso_year=10000"),
    *(
        "created_at__gte=0001-01-01T00:00:00%2B14:00",
        f"version={HUGE}",
        f"version__in=1,{HUGE}",
        "end_date__week=x",
    ),
    *("start_date__hour=1", "name__range=1", "id__in=,", "id=%00", "name=%ED%A0%80", f"p={HUGE}", f"o={HUGE}"),
    *(
        "q=" + "x" * 10_000,
        "q=" + "a%20" * 2000,
        "q=%00",
        "name__regex=(",
        "name__iregex=(a%2B)%2B$",
        "_to_field=name",
    ),
    *("_changelist_filters=%00", "_facets=1&created_at__year=10000", "e=1&created_at__year=10000"),
]


def test_an_invalid_query_of_a_list_is_rejected(operator_browser: OperatorBrowser) -> None:
    for query in QUERIES:
        answer = operator_browser.http.get(f"{SIMULATIONS}/?{query}")
        is_rejected = answer.headers.get("location", "").endswith("?e=1")
        assert answer.status_code in {200, 400, 422} or (answer.status_code == 302 and is_rejected), query
        assert is_rejected or answer.status_code == 422 or query not in REJECTED_QUERIES


def test_an_invalid_id_is_rejected(operator_browser: OperatorBrowser) -> None:
    ids = [HUGE, "-1", "%00", "_00", "_XX", "%ED%A0%80", "%FF", "1" * 5000, "a/b", "{}", "..;"]
    tables = (OPERATORS, OWNERS, "/admin/auth/group", "/admin/axes/accessattempt", f"/admin/r/{HUGE}")
    others = [f"{rows}/{id}/{page}" for rows in tables for id in ids[::5] for page in ("history/", "delete/", "")]
    for path in [f"{rows}/{id}/change/" for rows in tables for id in ids] + others:
        assert operator_browser.http.get(path).status_code in {302, 400, 403, 404}, path


UNREADABLE = [
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name"),
    (
        "multipart/form-data; boundary=b; charset=utf-7",
        b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n+2AA-\r\n--b--\r\n',
    ),
    (
        "multipart/form-data; boundary=b; charset=hex",
        b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n1\r\n--b--\r\n',
    ),
    ("application/x-www-form-urlencoded; charset=utf-16", b"name=x"),
    ("application/x-www-form-urlencoded; charset=\0", b"name=x"),
    ("application/x-www-form-urlencoded; charset=" + "x" * 5000, b"name=%ff%00"),
    ("application/x-www-form-urlencoded", b"name=%00"),
    ("application/x-www-form-urlencoded", b"a=1&" * 400),
]


def test_an_unreadable_form_is_rejected(operator_browser: OperatorBrowser) -> None:
    rejected_early = (f"{OWNERS}/%00/change/", f"{OWNERS}/add/?{'a=1&' * 400}")  # before the page reads the form
    adding = (f"{OWNERS}/add/", "/admin/goatfish/apikeyrow/add/", f"{OPERATORS}/add/")
    for path in (*rejected_early, *adding, f"{OPERATORS}/", "/admin/login/"):
        for kind, body in UNREADABLE:
            answer = operator_browser.http.post(path, content=body, headers={"Content-Type": kind})
            assert answer.status_code in {400, 403, 404, 415, 422}, (path, kind)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "query", "status"),
    [
        (OperationalError("gone"), "", 503),
        (OperationalError("gone"), "?name=x", 503),
        (ProgrammingError("no such table"), "", 500),
        (ValueError("a mistake of ours"), "", 500),
    ],
)
def test_an_error_of_the_service_is_a_5xx_and_logged(
    error: Exception, query: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    client.force_login(Operator.objects.create(username="boss", is_staff=True, is_superuser=True))

    def fail(execute: Any, sql: str, *more: Any) -> Any:
        if "simulation" in sql:
            raise error
        return execute(sql, *more)

    with connection.execute_wrapper(fail):
        answer = client.get(f"{SIMULATIONS}/{query}")
    assert answer.status_code == status
    assert any(record.levelname in {"ERROR", "WARNING"} for record in caplog.records)


@pytest.mark.django_db
def test_an_error_in_a_list_query_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(headers={"host": "localhost"})
    client.force_login(Operator.objects.create(username="boss", is_staff=True, is_superuser=True))
    assert client.get(f"{SIMULATIONS}/?created_at__year=10000").headers["location"].endswith("?e=1")
    (record,) = [record for record in caplog.records if record.name == "goatfish.admin"]
    assert record.exc_info
