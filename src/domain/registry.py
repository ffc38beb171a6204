"""Every kind of entity that tenants keep: storage, HTTP, the feed, the admin and imports read this one list."""

from domain.repository import Owned
from domain.runs.run import Run
from domain.simulations.simulation import Simulation

ENTITIES: tuple[type[Owned], ...] = (Simulation, Run)
