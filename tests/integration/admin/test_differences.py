"""A revision shows what it changed, member by member, and nothing in it is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from uuid_utils.compat import uuid7

from adapters.django_orm.admin.differences import differences
from adapters.django_orm.models import RevisionRow
from adapters.django_orm.repositories.revisions import _encode
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.entity import create
from domain.quantities import Quantity
from domain.repository import OwnerId
from domain.revisions import Revision, without_secrets
from domain.runs.artifact import Artifact
from domain.runs.run import Run
from domain.runs.status import RunStatus
from tests.factories import CONTEXT, NOW

OWNER, SIMULATION = OwnerId(uuid7()), uuid7()
MOMENT = NOW.isoformat().replace("+00:00", "Z")
MARKUP, ESCAPED = "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"
RIGHT_TO_LEFT, EMOJI = "\u202egnitset\u202d", "\U0001f468\u200d\U0001f680" * 100


def run(**values: Any) -> Run:
    return create(Run, id=uuid7(), owner_id=OWNER, now=NOW, simulation_id=SIMULATION, **values)


def changed(before: Any, after: Any) -> dict[str, tuple[str | None, str | None]]:
    kind = (before or after).KIND
    sides = [None if side is None else _encode(without_secrets(side)).decode() for side in (before, after)]
    return {name: (old, new) for name, old, new in differences(kind, *sides)}


def test_members_that_changed_are_named_with_what_they_were_and_are() -> None:
    before = run(
        name="mesh 3",
        labels={"project": "wing", "gone": "x", "same": "1"},
        parameters={"alpha": Quantity(12, "deg"), "kept": Quantity(1.5)},
        artifacts=(Artifact(name="log", uri="s3://bucket/log", bytes=1), Artifact(name="mesh", uri="s3://bucket/mesh")),
    )
    after = replace(
        before,
        name=None,
        status=RunStatus.FAILED,
        labels={"project": "", "same": "1", "new": "y"},
        parameters={"alpha": Quantity(12, "rad"), "kept": Quantity(1.5)},
        results={"lift": Quantity(1e300, "N"), "ok": Quantity(False)},
        artifacts=(Artifact(name="mesh", uri="s3://bucket/mesh"), Artifact(name="log", uri="s3://bucket/log", bytes=2)),
        finished_at=NOW,
        updated_at=NOW + timedelta(hours=1),
        version=2,
    )
    assert changed(before, after) == {
        "name": ("mesh 3", None),
        "status": ("queued", "failed"),
        "finished at": (None, MOMENT),
        "labels.project": ("wing", "(empty)"),
        "labels.gone": ("x", None),
        "labels.new": (None, "y"),
        "parameters.alpha": ("12 deg", "12 rad"),
        "results.lift": (None, "1e+300 N"),
        "results.ok": (None, "false"),
        "artifacts.log.bytes": ("1", "2"),
    }


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (Quantity(1), Quantity(True), ("1", "true")),
        (Quantity(1), Quantity("1"), ("[1, null]", '["1", null]')),
        (Quantity(0), Quantity(False), ("0", "false")),
        (Quantity("12 m"), Quantity(12, "m"), ('["12 m", null]', '[12, "m"]')),
        (Quantity(""), Quantity("(empty)"), ('["", null]', '["(empty)", null]')),
        (Quantity(2**53), Quantity(2**53 - 1), ("9007199254740992", "9007199254740991")),
    ],
)
def test_what_differs_is_never_shown_alike(old: Quantity, new: Quantity, shown: tuple[str, str]) -> None:
    before = run(results={"x": old})
    assert changed(before, replace(before, results={"x": new}, version=2)) == {"results.x": shown}


def test_a_label_that_is_named_like_a_member_is_none() -> None:
    before = run(labels={"value": "1", "unit": "m"})
    after = replace(before, labels={"value": "2", "unit": "m"}, version=2)
    assert changed(before, after) == {"labels.value": ("1", "2")}


def test_of_what_is_made_or_deleted_everything_is_shown() -> None:
    made = run(name="mesh 3", results={"lift": Quantity(3, "N")})
    members = {"simulation id": str(SIMULATION), "name": "mesh 3", "status": "queued", "results.lift": "3 N"}
    members |= {"created by": "operator"}
    assert changed(None, made) == {name: (None, text) for name, text in members.items()}
    assert changed(made, None) == {name: (text, None) for name, text in members.items()}


def test_owners_and_keys_are_compared_without_secrets() -> None:
    owner = Owner.create(id=OWNER, now=NOW, name="Acme")
    assert changed(owner, owner.deactivate(NOW)) == {"deactivated at": (None, MOMENT)}
    text = ApiKeyToken.new(bytes)
    key = ApiKey.create(text, id=uuid7(), owner_id=OWNER, now=NOW, name="CI", scopes=list(Scope)[:2])
    shown = changed(None, key)
    assert "digest" not in shown
    assert shown["scopes"] == (None, ", ".join(sorted(list(Scope)[:2])))
    assert changed(key, key.revoke(NOW)) == {"revoked at": (None, MOMENT)}


def test_members_and_kinds_that_are_unknown_by_now_are_shown_too() -> None:
    old, new = {"mode": {"a": 1}, "tags": ["x", "y"]}, {"mode": {"a": 2}, "tags": ["x"]}
    expected = [("mode.a", "1", "2"), ("tags", "x, y", "x")]
    assert list(differences("run", json.dumps(old), json.dumps(new))) == expected
    assert list(differences("forgotten", json.dumps(old), json.dumps(new))) == expected


@pytest.mark.django_db
@pytest.mark.usefixtures("quick_passwords")
def test_the_page_of_a_revision_is_a_table_of_text(admin_client: Client) -> None:
    before = run(name=MARKUP, labels={"a": RIGHT_TO_LEFT})
    after = replace(before, name=EMOJI, labels={"a": MARKUP}, version=2)
    rows = []
    for number, sides in enumerate(((None, before), (before, after), (after, None)), 1):
        fields = Revision.of(*sides, CONTEXT, number=number)
        values: dict[str, Any] = {name: getattr(fields, name) for name in Revision.__slots__}
        for side in ("before", "after"):
            values[side] = values[side] and _encode(values[side]).decode()
        rows.append(RevisionRow.objects.create(**values))
    pages = [admin_client.get(f"/admin/goatfish/revisionrow/{row.pk}/change/").content.decode() for row in rows]
    for page in pages:
        assert "<script>alert" not in page
        assert "<pre" not in page
        assert '<th scope="col">before</th>' in page
    cells = [
        tuple(map(unescape, row))
        for row in re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", pages[1])
    ]
    assert cells == [("name", MARKUP, EMOJI), ("labels.a", RIGHT_TO_LEFT, MARKUP)]
    assert ESCAPED in pages[1]
    link = f'<a href="/admin/goatfish/runrow/{before.id}/change/">{before.id}</a>'
    assert [link in page for page in pages] == [True, True, False]
