"""What the use cases of simulations need from outside."""

from typing import TypeAlias

from domain.repository import Repository
from domain.simulations.simulation import Simulation

SimulationRepository: TypeAlias = Repository[Simulation]
