"""Database management by operators, and the admin's lists and permissions."""

import asyncio
import itertools
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.contrib.admin import autodiscover, site
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from adapters.django_orm import management
from adapters.django_orm.models import (
    ApiKeyRow,
    Operator,
    OwnerRow,
    SimulationRow,
)
from adapters.django_orm.tenant_data import bulk_insert
from app.cli.fake_data.entities import fake_entities, fake_owners
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.errors import Conflict, Invalid
from domain.registry import ENTITIES
from domain.simulations.simulation import Simulation
from tests.contracts.cases import CASES, add_referred
from tests.factories import CONTEXT
from tests.integration.conftest import MakeStorage, columns, opened
from tests.integration.owner_files import add_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
autodiscover()
TENANTS = [model for model in site._registry if "owner_id" in columns(model)]


def page(model: type[Model], path: str = "") -> str:
    """The path of the admin's list of these rows, or of a page below it."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + path


@pytest.fixture
def owners() -> list[Owner]:
    """Two new owners, with 30 simulations each."""
    made = fake_owners(2, NOW, uuid4().hex[:6])
    assert sum(bulk_insert.insert_entities(Owner, made)) == 2
    assert sum(bulk_insert.insert_entities(Simulation, fake_entities(Simulation, made, 60, NOW))) == 60
    return made


@pytest.fixture
def key(owners: list[Owner]) -> ApiKeyRow:
    text = ApiKeyToken.new(bytes)
    key = ApiKey.create(text, id=uuid4(), owner_id=owners[0].id, now=NOW, name="CI", scopes=list(Scope))
    names = ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "version")
    return ApiKeyRow.objects.create(**{name: getattr(key, name) for name in names})


@pytest.fixture
def admin() -> Client:
    management.create_operator("boss", "correct horse battery")
    client = Client(headers={"host": "localhost"})
    client.force_login(Operator.objects.get(username="boss"))
    return client


def test_bulk_inserted_rows_equal_their_entities(owners: list[Owner]) -> None:
    bulk_insert.analyze(Simulation)
    expected = [one for one in fake_entities(Simulation, owners, 60, NOW) if one.owner_id == owners[0].id]
    rows = SimulationRow.objects.filter(owner_id=owners[0].id).order_by("created_at")
    for row, entity in itertools.zip_longest(rows, expected):
        for name in ("owner_id", "name", "start_date", "end_date", "created_at", "updated_at", "version"):
            assert getattr(row, name) == getattr(entity, name)
    assert OwnerRow.objects.get(id=owners[0].id).name == owners[0].name


def test_a_migrated_database_has_no_pending_migrations() -> None:
    assert management.unapplied_migrations() == []
    assert management.migrate() == []


def test_a_duplicate_operator_name_is_a_conflict() -> None:
    management.create_operator("boss", "correct horse battery")
    assert management.operator_exists("boss")
    with pytest.raises(Conflict):
        management.create_operator("boss", "correct horse battery")


@pytest.mark.parametrize(
    ("name", "password"), [("boss", "1234"), ("boss-hog", "boss-hog"), ("bo ss", "x" * 20), ("", "")]
)
def test_an_invalid_name_or_password_creates_no_operator(name: str, password: str) -> None:
    with pytest.raises(Invalid):
        management.create_operator(name, password)
    assert not Operator.objects.exists()


def test_database_info_has_version_and_connection_limit() -> None:
    facts = management.database_info()
    assert int(facts.version.split(".")[0]) >= 3
    assert (facts.connections_max is None) == (connection.vendor == "sqlite")


@pytest.mark.parametrize("model", site._registry, ids=lambda model: model._meta.model_name)
def test_an_admin_list_takes_few_queries(admin: Client, key: ApiKeyRow, model: type[Model]) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = admin.get(page(model))
    assert response.status_code == 200
    assert len(queries) <= 6
    assert key.digest not in response.text


@pytest.mark.parametrize("model", [OwnerRow, *TENANTS], ids=lambda model: model._meta.model_name)
def test_the_admin_cannot_change_tenant_data(
    admin: Client, owners: list[Owner], lend: MakeStorage, model: type[Model]
) -> None:
    async def add_one_of_each() -> None:
        async with opened(lend()) as storage:
            kinds = {case.kind for case in CASES}
            await add_referred(storage, owners[0].id, *(entity for entity in ENTITIES if entity.KIND in kinds))
            for case in CASES:
                await case.repository(storage).of(owners[0].id).add(case.make(owners[0].id), CONTEXT)
            await add_webhook(storage, owners[0].id, CONTEXT)

    asyncio.run(add_one_of_each())
    before = list(model._default_manager.order_by("pk").values())
    row = model._default_manager.filter(**{"id" if model is OwnerRow else "owner_id": owners[0].id})[0]
    shown = admin.get(page(model, f"{row.pk}/change/"))
    assert shown.status_code == 200
    assert not any(key.digest in shown.text for key in ApiKeyRow.objects.all())
    for path in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
        assert admin.post(page(model, path), {"name": "changed", "post": "yes"}).status_code == 403
    assert list(model._default_manager.order_by("pk").values()) == before


def test_the_admin_searches_by_id_prefix_and_name(admin: Client, owners: list[Owner], key: ApiKeyRow) -> None:
    def found(model: type[Model], query: str) -> int:
        changes = admin.get(page(model), {"q": query}).context["cl"]
        return int(changes.result_count)

    assert found(ApiKeyRow, f"gf_{key.public_id}") == 1
    assert found(ApiKeyRow, str(owners[0].id)) == 1
    assert found(ApiKeyRow, str(owners[1].id)) == 0
    assert found(SimulationRow, str(owners[1].id)) == 30
    assert found(SimulationRow, "gearbox drag") == SimulationRow.objects.filter(name__startswith="Gearbox drag").count()
