"""Owners in the admin: exported as the command line exports them, and erased once their name is typed."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db.migrations.recorder import MigrationRecorder

from adapters.django_orm.admin import application
from adapters.django_orm.models import ApiKeyRow, Operator, OwnerRow, RevisionRow
from adapters.django_orm.sql.failures import RolledBack
from adapters.django_orm.tenant_data import erasing, exporting
from adapters.django_orm.tenant_tables import count_rows
from tests.integration.admin.admin_client import OWNERS, OperatorBrowser, issue, key_in, within_a_second

HOSTILE = '<b onclick="x">\u202eevil</b> ' + "\U0001f680" * 60


@pytest.fixture(autouse=True)
def entries(operator: Operator) -> Iterator[None]:
    yield
    LogEntry.objects.filter(user=operator).delete()


def with_rights(browser: OperatorBrowser, *codenames: str) -> None:
    operator = Operator.objects.get(username=browser.username)
    Operator.objects.filter(pk=operator.pk).update(is_superuser=False)
    operator.user_permissions.set(Permission.objects.filter(codename__in=codenames))


def noted(browser: OperatorBrowser, owner: OwnerRow) -> list[str]:
    found = LogEntry.objects.filter(user__username=browser.username, object_id=str(owner.pk))
    return [entry.get_change_message() for entry in found.order_by("id")]


def exported(browser: OperatorBrowser, owner: OwnerRow) -> Any:
    return browser.send(f"{OWNERS}/{owner.pk}/export/")


def test_the_export_is_the_file_of_the_command_line(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    issue(operator_browser, owner)
    asked = operator_browser.http.get(f"{OWNERS}/{owner.pk}/export/").text
    assert "store it securely" in asked
    assert noted(operator_browser, owner) == []
    answer = exported(operator_browser, owner)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="owner-{owner.pk}.jsonl"'
    assert "no-store" in answer.headers["cache-control"]
    with exporting.open_export(owner.pk, datetime.now(UTC)) as (total, parts):
        expected = b"".join(part for _, part in parts).splitlines()
    lines = answer.content.splitlines()
    assert lines[1:] == expected[1:]
    assert total == len(lines) - 2 == 6  # the owner, its key, the record of the form, two revisions and their count
    assert json.loads(lines[0])["name"] == owner.name
    assert noted(operator_browser, owner) == ["Exported."]


def test_a_long_export_waits_on_disk(
    operator_browser: OperatorBrowser, owner: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 40 << 20

    def many(*_: object) -> Iterator[tuple[int, bytes]]:
        yield from ((1, bytes(1 << 20)) for _ in range(size >> 20))

    monkeypatch.setattr(exporting, "_parts", lambda *_: (part for part in many()))
    spooled: list[int] = []
    real = application._Answer.send

    async def watched(answer: Any, send: Any) -> None:
        tracemalloc.start()
        spooled.append(answer._body._rolled)
        received = 0

        async def count(event: Any) -> None:
            nonlocal received
            received += len(event.get("body", b""))

        await real(answer, count)
        spooled.append(received)
        spooled.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    path = f"{OWNERS}/{owner.pk}/export/"
    form = operator_browser.filled(path)
    monkeypatch.setattr(application._Answer, "send", watched)
    assert operator_browser.http.post(path, data=form).status_code == 200
    rolled, received, peak = spooled
    assert rolled
    assert received == size
    assert peak < 2 << 20


def test_an_export_that_fails_is_a_503(
    operator_browser: OperatorBrowser, owner: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[tuple[int, bytes]]:
        yield 1, b"a part"
        raise RolledBack("Other transactions got in the way")

    monkeypatch.setattr(exporting, "_parts", lambda *_: (part for part in fail()))
    answer = exported(operator_browser, owner)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "a part" not in answer.text


def test_an_erased_owner_leaves_no_row(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    key = key_in(issue(operator_browser, owner))
    assert key
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    asked = operator_browser.http.get(f"{OWNERS}/{owner.pk}/erase/").text
    assert "1 owner, 1 key, 1 idempotency record, 1 count of changes, 3 revisions." in asked
    answer = operator_browser.send(f"{OWNERS}/{owner.pk}/erase/", name=owner.name)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{OWNERS}/")
    said = "1 owner, 1 key, 1 idempotency record, 1 count of changes, 3 revisions"
    assert f"{owner.name} is erased: {said}. No rows are left." in operator_browser.http.get(f"{OWNERS}/").text
    assert set(count_rows(owner.pk).values()) == {0}
    assert within_a_second(lambda: not operator_browser.api_accepts(key))
    assert noted(operator_browser, owner) == ["Erasing begins: 7 rows.", f"Erased: {said}."]
    listed = operator_browser.http.get(f"/admin/admin/logentry/?q={owner.pk}").text
    assert f"Erased: {said}." in listed
    assert operator_browser.username in listed


@pytest.mark.parametrize("typed", ["", "x", "other", " "])
def test_without_its_name_nothing_is_erased(operator_browser: OperatorBrowser, owner: OwnerRow, typed: str) -> None:
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    given = {"other": owner.name.upper(), " ": f"{owner.name} "}.get(typed, typed)
    answer = operator_browser.send(f"{OWNERS}/{owner.pk}/erase/", name=given)
    assert answer.status_code == 200
    assert ("That is not its name." if given else "This field is required.") in answer.text
    assert OwnerRow.objects.filter(pk=owner.pk).exists()
    assert noted(operator_browser, owner) == []


def test_an_active_owner_is_not_erased(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    path = f"{OWNERS}/{owner.pk}/erase/"
    form = operator_browser.filled(f"{OWNERS}/{owner.pk}/export/") | {"name": owner.name}
    for method, fields in (("GET", None), ("POST", form)):
        answer = operator_browser.http.request(method, path, data=fields)
        assert answer.headers["location"] == f"{OWNERS}/{owner.pk}/change/"
        page = operator_browser.http.get(answer.headers["location"]).text
        assert f"{owner.name} is active. Deactivate it first, then erase it." in page
    assert RevisionRow.objects.filter(owner_id=owner.pk).count() == 1


def test_an_owner_is_not_exported_or_erased_by_a_version_that_does_not_know_all_of_it(
    operator_browser: OperatorBrowser, owner: OwnerRow
) -> None:
    OwnerRow.objects.filter(pk=owner.pk).update(deactivated_at=datetime.now(UTC))
    form = operator_browser.filled(f"{OWNERS}/{owner.pk}/export/") | {"name": owner.name}
    later = MigrationRecorder.Migration.objects.create(app="goatfish", name="9999_later")
    try:
        for page in ("export", "erase"):
            answer = operator_browser.http.post(f"{OWNERS}/{owner.pk}/{page}/", data=form)
            assert answer.headers["location"] == f"{OWNERS}/{owner.pk}/change/"
            shown = operator_browser.http.get(answer.headers["location"]).text
            assert "9999_later. It may keep data of owners that this version does not know: use that version." in shown
    finally:
        later.delete()
    assert noted(operator_browser, owner) == []
    assert OwnerRow.objects.filter(pk=owner.pk).exists()


def test_erasing_that_fails_is_a_503_and_can_be_resumed(
    operator_browser: OperatorBrowser, owner: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    path = f"{OWNERS}/{owner.pk}/erase/"

    def fail(*_: object) -> Iterator[tuple[str, int]]:
        yield "revision", 1
        raise RolledBack("Other transactions got in the way")

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "erase", fail)
        assert operator_browser.send(path, name=owner.name).status_code == 503
    assert operator_browser.send(path, name=owner.name).status_code == 302
    assert not OwnerRow.objects.filter(pk=owner.pk).exists()


EVERY = (
    *("ownerrow", "apikeyrow", "simulationrow", "runrow", "webhookrow", "webhookcursorrow", "webhookdeliveryrow"),
    *("idempotencyrow", "changecountrow", "revisionrow"),
)
VIEW_ALL = tuple(f"view_{name}" for name in EVERY)


@pytest.mark.parametrize(
    ("rights", "pages"),
    [
        (("view_ownerrow", "change_ownerrow"), set()),
        (VIEW_ALL, {"export"}),
        (VIEW_ALL[:-1], set()),
        (("view_ownerrow", "delete_ownerrow"), {"erase"}),
    ],
)
def test_rights_decide_which_pages_there_are(
    operator_browser: OperatorBrowser, owner: OwnerRow, rights: tuple[str, ...], pages: set[str]
) -> None:
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    form = operator_browser.filled(f"{OWNERS}/{owner.pk}/export/") | {"name": owner.name}
    with_rights(operator_browser, *rights)
    shown = operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").text
    sentences = {
        "export": "Exporting an owner needs the permission to view every kind of its data.",
        "erase": "Erasing an owner needs the permission to delete owners.",
    }
    for name, sentence in sentences.items():
        path = f"{OWNERS}/{owner.pk}/{name}/"
        assert (path in shown) is (name in pages)
        if name in pages:
            assert operator_browser.http.get(path).status_code == 200
            continue
        for answer in (operator_browser.http.get(path), operator_browser.http.post(path, data=form)):
            assert answer.status_code == 403
            assert sentence in answer.text
    assert OwnerRow.objects.filter(pk=owner.pk).exists()
    assert noted(operator_browser, owner) == []


def test_a_hostile_name_is_shown_as_text_and_typed_as_it_is(operator_browser: OperatorBrowser) -> None:
    name = f"{HOSTILE}{uuid4().hex[:8]}"
    operator_browser.send(f"{OWNERS}/add/", name=name)
    owner = OwnerRow.objects.get(name=name)
    operator_browser.send(f"{OWNERS}/{owner.pk}/deactivate/")
    assert exported(operator_browser, owner).headers["content-disposition"].isascii()
    for page in ("export", "erase"):
        shown = operator_browser.http.get(f"{OWNERS}/{owner.pk}/{page}/").text
        assert "<b onclick" not in shown
        assert "&lt;b onclick" in shown
    assert operator_browser.send(f"{OWNERS}/{owner.pk}/erase/", name=name).status_code == 302
    after = operator_browser.http.get(f"{OWNERS}/").text
    assert "<b onclick" not in after
    assert "is erased" in after
    assert not ApiKeyRow.objects.filter(owner_id=owner.pk).exists()
