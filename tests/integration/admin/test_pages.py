"""What the admin's pages show: what each action did, links to what an owner has, and no internal columns."""

from __future__ import annotations

import re
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from adapters.django_orm.admin.lockout import locked_out
from adapters.django_orm.models import ApiKeyRow, Operator, OwnerRow, RevisionRow
from adapters.django_orm.tenant_data import bulk_insert
from domain.repository import OwnerId
from domain.runs.run import Run
from domain.simulations.simulation import Simulation
from tests.factories import RunFactory, SimulationFactory
from tests.integration.admin.admin_client import KEYS, OWNERS, REVISIONS, OperatorBrowser, issue
from tests.integration.factories import OwnerRowFactory


def a_run(owner: OwnerRow) -> tuple[Simulation, Run]:
    """A simulation of the owner and a run of it, whose names have the owner's id in them."""
    mine = {"owner_id": OwnerId(owner.pk)}
    simulation: Simulation = SimulationFactory.build(**mine, name=f"Simulation of {owner.pk}")
    run: Run = RunFactory.build(**mine, simulation_id=simulation.id, name=f"Run of {owner.pk}")
    for each in (simulation, run):
        assert sum(bulk_insert.insert_entities(type(each), [each])) == 1
    return simulation, run


def test_history_says_what_each_action_did(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    issue(operator_browser, owner)
    key = ApiKeyRow.objects.get(owner=owner)
    done = ("deactivate", "activate")
    answers = [operator_browser.send(f"{OWNERS}/{owner.pk}/{action}/") for action in done]
    answers.append(operator_browser.send(f"{KEYS}/{key.pk}/revoke/"))
    assert {answer.status_code for answer in answers} == {302}
    page = operator_browser.http.get(f"{REVISIONS}/?owner_id__exact={owner.pk}").text
    assert re.findall(r'field-action">(\w+)<', page) == ["revoked", "activated", "deactivated", "created", "created"]
    assert "updated" not in page
    last = RevisionRow.objects.get(owner_id=owner.pk, entity_id=key.pk, version=2)
    assert '<div class="readonly">revoked</div>' in operator_browser.http.get(f"{REVISIONS}/{last.pk}/change/").text


@pytest.mark.parametrize(("version", "action"), [(1, "created"), (3, "restored")])
def test_a_restored_object_was_not_created(
    operator_browser: OperatorBrowser, owner: OwnerRow, version: int, action: str
) -> None:
    written = RevisionRow.objects.filter(owner_id=owner.pk).values()[0]
    made = RevisionRow.objects.create(
        **{**written, "id": uuid4(), "number": 2, "kind": "simulation", "entity_id": uuid4(), "version": version}
    )
    page = operator_browser.http.get(f"{REVISIONS}/?q={made.entity_id}").text
    assert re.findall(r'field-action">(\w+)<', page) == [action]


def test_an_owner_page_links_to_everything_that_the_owner_has(
    operator_browser: OperatorBrowser, owner: OwnerRow
) -> None:
    other: OwnerRow = OwnerRowFactory.create(id=uuid4())
    for each in (owner, other):
        issue(operator_browser, each, name=f"Key of {each.pk}")
        a_run(each)
    page = operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").text
    links = {label: unescape(href) for href, label in re.findall(r'<li><a href="([^"]+)">([^<]+)</a></li>', page)}
    for label, kind in (("Simulations", "Simulation"), ("Runs", "Run"), ("Keys", "Key")):
        listed = operator_browser.http.get(links[label]).text
        assert f"{kind} of {owner.pk}" in listed
        assert f"{kind} of {other.pk}" not in listed
    revisions = operator_browser.http.get(links["Revisions"]).text
    assert re.findall(r'field-kind">(\w+)<', revisions) == ["key", "owner"]
    operator = Operator.objects.get(username=operator_browser.username)
    Operator.objects.filter(pk=operator.pk).update(is_superuser=False)
    operator.user_permissions.set(Permission.objects.filter(codename__in=["view_ownerrow", "view_runrow"]))
    page = operator_browser.http.get(f"{OWNERS}/{owner.pk}/change/").text
    assert re.findall(r'<li><a href="[^"]+owner_id__exact[^"]+">([^<]+)</a></li>', page) == ["Runs"]


INTERNAL = {"version", "number", "digest", "original expires at", "name folded", "last", "purged through", "password"}


def test_no_page_shows_an_internal_column(operator_browser: OperatorBrowser, owner: OwnerRow) -> None:
    issue(operator_browser, owner)
    simulation, run = a_run(owner)
    revision, key = RevisionRow.objects.filter(owner_id=owner.pk)[0], ApiKeyRow.objects.get(owner=owner)
    ids = {"ownerrow": owner.pk, "apikeyrow": key.pk, "simulationrow": simulation.id, "runrow": run.id}
    for model, id in (*ids.items(), ("revisionrow", revision.pk)):
        listed = operator_browser.http.get(f"/admin/goatfish/{model}/").text
        shown = operator_browser.http.get(f"/admin/goatfish/{model}/{id}/change/").text
        heads = re.findall(r'<th scope="col" class="(?:sortable )?column-(\w+)', listed)
        labels = [label.lower() for label in re.findall(r"<label>([^<:]+):?</label>", shown)]
        assert heads
        assert labels
        words = {head.replace("_", " ") for head in heads} | {*labels}
        allowed = {"version"} if model == "revisionrow" else set()  # clients restore an object by its version
        assert words & (INTERNAL - allowed) == set(), model


def test_pages_without_an_operator_have_one_heading(client: Client) -> None:
    request = RequestFactory().post("/admin/login/")
    request.user = AnonymousUser()
    pages = {
        "Log in": client.get("/admin/login/").content.decode(),
        "Too many attempts": locked_out(request, {}).content.decode(),
        "Unavailable": render_to_string("goatfish/unavailable.html"),
    }
    for heading, page in pages.items():
        assert re.findall(r"<h1[^>]*>([^<]*)</h1>", page) == [heading]
