"""What owners read of all runs of a simulation at once: as many as they have made, and no others."""

import csv
import io
from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.runs.run import Run
from domain.simulations.simulation import Simulation
from tests.contracts.resources import Json, resource_of
from tests.isolation.key_rules import KeyRules
from tests.isolation.model import Object, Owner
from tests.isolation.tenants import PICK, WHO

RUNS, SIMULATIONS = resource_of(Run), resource_of(Simulation)
SUMMARY, EXPORT = "summarize_simulation", "export_runs"
REPORTS = (SUMMARY, EXPORT)


def runs_of(owner: Owner, simulation: Object) -> list[Json]:
    """The runs of this simulation, newest first."""
    return [each for each in owner.listed(RUNS) if each["simulation_id"] == simulation.id]


class ReportRules(KeyRules):
    """The summary and the export."""

    @rule(who=WHO, pick=PICK, operation=st.sampled_from(REPORTS))
    def report(self, who: int, pick: int, operation: str) -> None:
        owner = self.owners[who]
        simulations, key = owner.of(SIMULATIONS), self.key_of(owner, pick // 16)
        mine = simulations[pick % len(simulations)]
        answer = self.ask(owner, key, operation, id=mine.id)
        runs = runs_of(owner, mine)
        if RUNS.reads not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif mine.shown is None:
            self.is_refused(answer, 404, SIMULATIONS.not_found)
        elif operation == SUMMARY:
            assert answer.status == 200, answer
            assert answer.json["runs"] == len(runs)
            assert answer.json["by_status"] == Counter(each["status"] for each in runs)
        else:
            assert answer.status == 200, answer
            lines = csv.DictReader(io.StringIO(answer.body.decode(), newline=""))
            assert [line["id"] for line in lines] == [each["id"] for each in runs]
