"""What operators do with the database itself, and what the admin shows them."""

import itertools
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from adapters.django_orm import bulk, operations
from adapters.django_orm.models import KeyRow, Operator, OwnerRow, SimulationRow
from app.cli.invented import invented_owners, invented_simulations
from domain.access.key import Key, KeyText, Scope
from domain.access.owner import Owner
from domain.errors import Conflict, Invalid
from domain.simulations.simulation import Simulation

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ADMIN = "/admin/goatfish"


@pytest.fixture
def owners() -> list[Owner]:
    """Two new owners, with 30 simulations each."""
    made = invented_owners(2, NOW, uuid4().hex[:6])
    assert sum(bulk.add_all(Owner, made)) == 2
    assert sum(bulk.add_all(Simulation, invented_simulations(made, 60, NOW))) == 60
    return made


@pytest.fixture
def key(owners: list[Owner]) -> KeyRow:
    text = KeyText.new(bytes)
    key = Key.create(text, id=uuid4(), owner_id=owners[0].id, now=NOW, name="CI", scopes=list(Scope))
    names = ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "version")
    return KeyRow.objects.create(**{name: getattr(key, name) for name in names})


@pytest.fixture
def admin() -> Client:
    operations.create_operator("boss", "correct horse battery")
    client = Client(headers={"host": "localhost"})
    assert client.login(username="boss", password="correct horse battery")
    return client


def test_bulk_rows_are_the_same_as_the_entities(owners: list[Owner]) -> None:
    bulk.analyze(Simulation)
    expected = [one for one in invented_simulations(owners, 60, NOW) if one.owner_id == owners[0].id]
    rows = SimulationRow.objects.filter(owner_id=owners[0].id).order_by("created_at")
    for row, entity in itertools.zip_longest(rows, expected):
        for name in ("owner_id", "name", "start_date", "end_date", "created_at", "updated_at", "version"):
            assert getattr(row, name) == getattr(entity, name)
    assert OwnerRow.objects.get(id=owners[0].id).name == owners[0].name


def test_nothing_is_left_to_migrate() -> None:
    assert operations.unapplied_migrations() == []
    assert operations.migrate() == []


def test_an_operators_name_is_taken_once() -> None:
    operations.create_operator("boss", "correct horse battery")
    assert operations.operator_exists("boss")
    with pytest.raises(Conflict):
        operations.create_operator("boss", "correct horse battery")


@pytest.mark.parametrize(
    ("name", "password"), [("boss", "1234"), ("boss-hog", "boss-hog"), ("bo ss", "x" * 20), ("", "")]
)
def test_a_bad_name_or_password_makes_no_operator(name: str, password: str) -> None:
    with pytest.raises(Invalid):
        operations.create_operator(name, password)
    assert not Operator.objects.exists()


def test_a_database_says_what_it_is() -> None:
    facts = operations.facts()
    assert int(facts.version.split(".")[0]) >= 3
    assert (facts.connections_max is None) == (connection.vendor == "sqlite")


@pytest.mark.parametrize("page", ["operator", "ownerrow", "keyrow", "simulationrow"])
def test_a_list_in_the_admin_costs_few_queries(admin: Client, key: KeyRow, page: str) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = admin.get(f"{ADMIN}/{page}/")
    assert response.status_code == 200
    assert len(queries) <= 6
    assert key.digest not in response.text


def test_the_admin_changes_no_tenants_data(admin: Client, owners: list[Owner], key: KeyRow) -> None:
    simulation = SimulationRow.objects.filter(owner_id=owners[0].id)[0]
    for page, id in (("ownerrow", owners[0].id), ("keyrow", key.id), ("simulationrow", simulation.id)):
        shown = admin.get(f"{ADMIN}/{page}/{id}/change/")
        assert shown.status_code == 200
        assert key.digest not in shown.text
        for path in ("add/", f"{id}/change/", f"{id}/delete/"):
            assert admin.post(f"{ADMIN}/{page}/{path}", {"name": "changed", "post": "yes"}).status_code == 403
    assert not SimulationRow.objects.filter(name="changed").exists()


def test_the_admin_finds_by_id_prefix_and_name(admin: Client, owners: list[Owner], key: KeyRow) -> None:
    def found(page: str, query: str) -> int:
        changes = admin.get(f"{ADMIN}/{page}/", {"q": query}).context["cl"]
        return int(changes.result_count)

    assert found("keyrow", f"gf_{key.public_id}") == 1
    assert found("keyrow", str(owners[0].id)) == 1
    assert found("keyrow", str(owners[1].id)) == 0
    assert found("simulationrow", str(owners[1].id)) == 30
    assert (
        found("simulationrow", "gearbox drag") == SimulationRow.objects.filter(name__startswith="Gearbox drag").count()
    )
