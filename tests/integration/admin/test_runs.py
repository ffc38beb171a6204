"""Operators find runs by status and simulation, and read their quantities, labels and artifacts; nothing is markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from uuid_utils.compat import uuid7

from adapters.django_orm.apps import model_of
from adapters.django_orm.entity_models import column_reader
from adapters.django_orm.models import Operator, OwnerRow, RevisionRow, RunRow, SimulationRow
from domain.entity import create
from domain.quantities import Quantity
from domain.repository import OwnerId
from domain.revisions import Revision
from domain.runs.artifact import Artifact
from domain.runs.run import Run
from domain.runs.status import RunStatus
from tests.factories import CONTEXT, NOW
from tests.integration.factories import OwnerRowFactory, SimulationRowFactory

pytestmark = pytest.mark.usefixtures("quick_passwords")
RUNS, SIMULATIONS = "/admin/goatfish/runrow/", "/admin/goatfish/simulationrow/"
MARKUP = '<script>alert("x")</script>'
ESCAPED = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"


@pytest.fixture
def owner(db: None) -> OwnerRow:
    row: OwnerRow = OwnerRowFactory.create(id=uuid7())
    return row


@pytest.fixture
def simulation(owner: OwnerRow) -> SimulationRow:
    row: SimulationRow = SimulationRowFactory.create(owner_id=owner.pk, name="Wing <b>flutter</b>")
    return row


def stored(simulation: Any, **values: Any) -> Run:
    run = create(Run, id=uuid7(), owner_id=OwnerId(simulation.owner_id), now=NOW, simulation_id=simulation.pk, **values)
    model = model_of(Run)
    names = [field.attname for field in model._meta.concrete_fields]
    model._default_manager.create(**dict(zip(names, column_reader(Run, names)(run), strict=True)))
    return run


def found(client: Client, query: str) -> set[Any]:
    page = client.get(f"{RUNS}?{query}")
    assert page.status_code == 200, query
    return {row.pk for row in page.context["cl"].result_list}


def shown(client: Client, run: Run) -> str:
    page = client.get(f"{RUNS}{run.id}/change/")
    assert page.status_code == 200
    return page.content.decode()


def test_the_list_shows_status_simulation_name_solver_and_times(admin_client: Client, simulation: Any) -> None:
    stored(
        simulation,
        name="mesh 3, 12 degrees",
        status=RunStatus.FAILED,
        solver="OpenFOAM",
        started_at=NOW,
        finished_at=NOW + timedelta(hours=3),
    )
    page = admin_client.get(RUNS).content.decode()
    for text in ("mesh 3, 12 degrees", "failed", "OpenFOAM", "2026-11-22 08:00:00", "2026-11-22 11:00:00"):
        assert text in page, text
    assert f'<a href="{SIMULATIONS}{simulation.pk}/change/">Wing &lt;b&gt;flutter&lt;/b&gt;</a>' in page


def test_runs_are_filtered_by_status_and_simulation(admin_client: Client, simulation: Any) -> None:
    other = SimulationRowFactory.create(owner_id=simulation.owner_id)
    failed, queued = stored(simulation, status=RunStatus.FAILED), stored(simulation)
    elsewhere = stored(other, status=RunStatus.FAILED)
    of_it = f"simulation_id__exact={simulation.pk}"
    assert found(admin_client, "status=failed") == {failed.id, elsewhere.id}
    assert found(admin_client, of_it) == {failed.id, queued.id}
    assert found(admin_client, f"{of_it}&status=failed") == {failed.id}
    assert found(admin_client, f"q={other.pk}") == {elsewhere.id}
    assert found(admin_client, f"simulation_id__exact={uuid7()}") == set()


@pytest.mark.parametrize("wrong", ["x", "1", "9" * 400, "' OR 1=1", "00000000"])
def test_what_is_no_id_of_a_simulation_is_refused(admin_client: Client, simulation: Any, wrong: str) -> None:
    stored(simulation)
    answer = admin_client.get(f"{RUNS}?simulation_id__exact={wrong}")
    assert (answer.status_code, answer["location"]) == (302, f"{RUNS}?e=1")


def test_many_simulations_are_not_offered_for_choice(admin_client: Client, simulation: Any) -> None:
    stored(simulation)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page = admin_client.get(RUNS).content.decode()
    for _ in range(30):
        stored(SimulationRowFactory.create(owner_id=simulation.owner_id, name="another simulation"))
    with CaptureQueriesContext(connection) as many:
        admin_client.get(RUNS)
    assert len(many) == len(few)
    assert f'<option value="{simulation.pk}"' not in page
    assert "<select" not in page


def test_a_run_is_found_by_its_own_name_elsewhere(admin_client: Client, simulation: Any) -> None:
    run, other = stored(simulation, external_id="slurm-81724", name="Mesh 3"), stored(simulation, external_id="slurm-8")
    assert found(admin_client, "q=slurm-81724") == {run.id}
    assert found(admin_client, "q=slurm-8") == {other.id}
    assert found(admin_client, "q=mesh") == {run.id}
    assert found(admin_client, f"q={run.id}") == {run.id}


def test_quantities_labels_and_artifacts_are_tables(admin_client: Client, simulation: Any) -> None:
    page = shown(
        admin_client,
        stored(
            simulation,
            parameters={"alpha": Quantity(12, "deg"), "model": Quantity("k-omega SST")},
            results={"huge": Quantity(1e300), "exact": Quantity(2**53), "converged": Quantity(True)},
            labels={"project": "wing", "empty": ""},
            artifacts=(Artifact(name="log", uri="s3://bucket/81724/log", bytes=18211),),
        ),
    )
    for cells in (
        ("alpha", "12", "deg"),
        ("model", "k-omega SST", ""),
        ("huge", "1e+300", ""),
        ("exact", "9007199254740992", ""),
        ("converged", "true", ""),
        ("project", "wing"),
        ("empty", ""),
        ("log", "s3://bucket/81724/log", "", "18211", ""),
    ):
        assert f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" in page, cells


def test_what_a_tenant_writes_is_escaped(admin_client: Client, simulation: Any) -> None:
    run = stored(
        simulation,
        name=MARKUP,
        status_reason=MARKUP,
        solver=MARKUP,
        external_id=MARKUP,
        parameters={"a": Quantity(MARKUP, "<i>m</i>")},
        labels={"a": MARKUP},
        artifacts=(Artifact(name=MARKUP, uri="javascript:alert(1)", media_type=MARKUP),),
    )
    page, listed = shown(admin_client, run), admin_client.get(RUNS).content.decode()
    assert page.count(ESCAPED) >= 7
    assert ESCAPED in listed
    assert "&lt;i&gt;m&lt;/i&gt;" in page
    for text in (page, listed):
        assert MARKUP not in text
        assert 'href="javascript' not in text


def test_a_run_leads_to_its_simulation_and_parent_and_back(admin_client: Client, simulation: Any) -> None:
    parent = stored(simulation, name="first")
    child = stored(simulation, parent_id=parent.id)
    page = shown(admin_client, child)
    assert f'<a href="{SIMULATIONS}{simulation.pk}/change/">' in page
    assert f'<a href="{RUNS}{parent.id}/change/">first</a>' in page
    assert f'href="{RUNS}?parent_id__exact={parent.id}"' in shown(admin_client, parent)
    assert found(admin_client, f"parent_id__exact={parent.id}") == {child.id}
    of_it = admin_client.get(f"{SIMULATIONS}{simulation.pk}/change/").content.decode()
    assert f'href="{RUNS}?simulation_id__exact={simulation.pk}"' in of_it


def test_children_are_listed_with_their_status(admin_client: Client, simulation: Any) -> None:
    parent = stored(simulation, name="first")
    assert ">None<" in shown(admin_client, parent).replace("\n", "")
    children = [stored(simulation, parent_id=parent.id, name=f"{MARKUP} {number}") for number in range(11)]
    other = SimulationRowFactory.create(owner_id=uuid7(), id=uuid7())
    page = shown(admin_client, parent)
    for child in children[1:]:
        assert f'<li><a href="{RUNS}{child.id}/change/">{ESCAPED} ' in page
    assert page.count("</a>, queued</li>") == 10
    assert "Show all; these are the newest 10" in page
    assert f"{RUNS}{children[0].id}/" not in page
    of_it = admin_client.get(f"{SIMULATIONS}{simulation.pk}/change/").content.decode()
    assert of_it.count("</a>, queued</li>") == 10
    assert MARKUP not in page + of_it
    assert "queued" not in admin_client.get(f"{SIMULATIONS}{other.pk}/change/").content.decode()


def test_runs_are_not_listed_for_those_who_may_not_see_them(simulation: Any) -> None:
    stored(simulation, name="unseen")
    clerk = Operator.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_simulationrow"))
    client = Client()
    client.force_login(clerk)
    page = client.get(f"{SIMULATIONS}{simulation.pk}/change/")
    assert page.status_code == 200
    assert "unseen" not in page.content.decode()


@pytest.mark.parametrize("uri", ["https://example.org/a?b=1&c='2'", "HTTP://example.org/"])
def test_an_artifact_on_the_web_is_a_link(admin_client: Client, simulation: Any, uri: str) -> None:
    page = shown(admin_client, stored(simulation, artifacts=(Artifact(name="log", uri=uri),)))
    assert f'<a href="{escape(uri)}" rel="noopener noreferrer">{escape(uri)}</a>' in page


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "s3://bucket/log", "file:///etc"]
)
def test_any_other_artifact_is_text(admin_client: Client, simulation: Any, uri: str) -> None:
    page = shown(admin_client, stored(simulation, artifacts=(Artifact(name="log", uri=uri),)))
    assert f"<td>{uri}</td>" in page
    assert f'"{uri}' not in page


def test_runs_are_read_only(admin_client: Client, simulation: Any) -> None:
    run = stored(simulation, name="kept")
    assert admin_client.get(f"{RUNS}add/").status_code == 403
    assert admin_client.post(f"{RUNS}{run.id}/change/", {"name": "changed"}).status_code == 403
    assert admin_client.post(f"{RUNS}{run.id}/delete/", {"post": "yes"}).status_code == 403
    assert RunRow.objects.get(pk=run.id).name == "kept"


def test_a_page_of_runs_takes_a_fixed_number_of_queries(admin_client: Client, simulation: Any) -> None:
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(RUNS)
        counts.append(len(queries))
        for _ in range(20):
            stored(simulation, parent_id=stored(simulation).id)
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("path", "unread"),
    [
        (RUNS, ["labels", "parameters", "results", "artifacts", "status_reason"]),
        (SIMULATIONS, ["labels", "description"]),
        ("/admin/goatfish/revisionrow/", ["before", "after"]),
    ],
)
def test_a_list_reads_nothing_that_may_be_large(
    admin_client: Client, simulation: Any, path: str, unread: list[str]
) -> None:
    run = stored(simulation, parameters={"alpha": Quantity(12)}, status_reason="said nowhere")
    fields = Revision.of(None, run, CONTEXT, number=1)
    row = {name: getattr(fields, name) for name in Revision.__slots__} | {"after": '{"name": "said nowhere"}'}
    RevisionRow.objects.create(**row)
    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get(path)
    assert page.status_code == 200
    assert page.context["cl"].result_count == 1
    assert "said nowhere" not in page.text
    for name in unread:
        assert not any(f'."{name}",' in query["sql"] or f'."{name}" FROM' in query["sql"] for query in queries)


def test_the_list_of_revisions_says_what_each_did(admin_client: Client, simulation: Any) -> None:
    run = stored(simulation, name="one")
    changed = replace(run, version=2)
    for number, (before, after) in enumerate([(None, run), (run, changed), (changed, None)], start=1):
        each = Revision.of(before, after, CONTEXT, number=number)
        sides = {side: None if getattr(each, side) is None else "{}" for side in ("before", "after")}
        values = {name: getattr(each, name) for name in Revision.__slots__} | sides
        RevisionRow.objects.create(**values)
    page = admin_client.get("/admin/goatfish/revisionrow/")
    assert re.findall(r'<td class="field-action">(\w+)', page.text) == ["deleted", "updated", "created"]
