"""Fills the database with invented data, past the ports."""

import secrets
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from adapters.django_orm.bootstrap import setup_django
from app.cli.database import require_migrations, require_operator
from app.cli.fake_data import fake_owners, fake_simulations
from app.cli.terminal import result, say
from domain.access.owner import Owner
from domain.simulations.simulation import Simulation


def seed(owner_count: int, simulation_count: int) -> None:
    require_operator()
    require_migrations()
    setup_django()
    from adapters.django_orm.tenant_data import bulk_insert  # models can be imported only once Django is set up

    now = datetime.now(UTC)
    owners = fake_owners(owner_count, now, secrets.token_hex(3))
    with Progress(
        "{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as progress:
        for entity, count, entities in (
            (Owner, owner_count, iter(owners)),
            (Simulation, simulation_count, fake_simulations(owners, simulation_count, now)),
        ):
            task = progress.add_task(f"{entity.KIND}s", total=count)
            for added in bulk_insert.add_all(entity, entities):
                progress.advance(task, added)
            bulk_insert.analyze(entity)
    say(f"{simulation_count} simulations are spread over {owner_count} new owners, whose ids are:")
    for owner in owners:
        result(str(owner.id))
