"""What the use cases of simulations need from outside."""

from typing import TypeAlias

from domain.simulations.simulation import Simulation
from domain.tenancy import Repository

SimulationRepository: TypeAlias = Repository[Simulation]
