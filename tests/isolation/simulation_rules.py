"""What owners do with simulations of their own: every status and every byte of a body is foretold."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.isolation.byte_client import Answer
from tests.isolation.model import Json, Key, Owner, Simulation, moment
from tests.isolation.tenants import PICK, WHO, Tenants

DAYS = ("2026-01-05", "2026-02-01", "2026-03-01")
SIMULATIONS_MAX = 8  # of an owner, but for those that an idempotency key makes
PROMISES = st.sampled_from([None, None, "shared-1", "shared-2"])
"""Idempotency keys that all owners use."""
CONDITIONS = st.sampled_from([None, None, None, "right", "wrong", "*"])


def sent(owner: Owner, pick: int) -> Json:
    """A whole simulation of this owner's."""
    return {"name": f"{owner.marker} {pick % 4}", "start_date": DAYS[0], "end_date": DAYS[1 + pick % 2]}


def some_of(owner: Owner, pick: int) -> Json:
    """Some of its members."""
    name = {"name": f"{owner.marker} {pick % 5}"}
    return [name, {"end_date": DAYS[1 + pick % 2]}, {}, {"end_date": "0001-01-01"}][pick // 8 % 4]


class SimulationRules(Tenants):
    """Creating, reading, changing, deleting, revisions, restoring, the feed."""

    def __init__(self) -> None:
        super().__init__()
        for who in range(3):
            self.create(who, 0, None)
            self.create(who, 2**12, None)

    @rule(who=WHO, pick=PICK, promise=PROMISES)
    def create(self, who: int, pick: int, promise: str | None) -> None:
        owner = self.owners[who]
        key, body, operation = self.key_of(owner, pick), sent(owner, pick), "create_simulation"
        if len(owner.simulations) >= SIMULATIONS_MAX:
            promise = promise or "shared-1"
        headers = {"Idempotency-Key": promise} if promise else {}
        answer = self.ask(owner, key, operation, headers=headers, body=body)
        known = owner.idempotency_records.get((operation, promise or ""))
        if "simulations:write" not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif known is None:
            self._is_new(owner, key, body, answer)
            if promise:
                owner.idempotency_records[operation, promise] = (body, answer.json)
        elif known[0] != body:
            self.is_refused(answer, 422, "idempotency_key_reused")
        else:
            self.is_shown(answer, 201, known[1], '"1"')
            assert answer.header("idempotency-replayed") == "true"

    def _is_new(self, owner: Owner, key: Key, body: Json, answer: Answer) -> None:
        shown = answer.json
        made = {"id": shown["id"], "created_at": shown["created_at"], "updated_at": shown["created_at"]}
        self.is_shown(answer, 201, body | made, '"1"')
        assert answer.header("location") == f"/api/v1/simulations/{shown['id']}"
        assert answer.header("idempotency-replayed") is None
        assert shown["id"] not in owner.simulations
        owner.is_secret(shown["id"])
        simulation = owner.simulations[shown["id"]] = Simulation(shown["id"])
        owner.changed(key, answer.request_id, simulation, shown, shown=False)

    def _own(self, owner: Owner, pick: int) -> Simulation:
        """One of this owner's, deleted ones included."""
        return list(owner.simulations.values())[pick % len(owner.simulations)]

    def _condition(self, kind: str | None, simulation: Simulation) -> tuple[dict[str, str], bool]:
        """If-Match as it is to be sent, and whether the object fulfils it."""
        if kind is None:
            return {}, True
        tag = {"right": simulation.tag or '"1"', "wrong": f'"{simulation.version + 1}"', "*": "*"}[kind]
        return {"If-Match": tag}, simulation.shown is not None and kind != "wrong"

    @rule(who=WHO, pick=PICK, method=st.sampled_from(["GET", "HEAD"]), has=st.booleans())
    def get(self, who: int, pick: int, method: str, has: bool) -> None:
        owner = self.owners[who]
        simulation, key = self._own(owner, pick), self.key_of(owner, pick // 16)
        headers = {"If-None-Match": f'"{simulation.version}"'} if has else {}
        answer = self.ask(owner, key, "get_simulation", id=simulation.id, method=method, headers=headers)
        status = 200 if simulation.shown else 404
        if "simulations:read" not in key.scopes:
            status = 403
        elif has and simulation.shown:
            status = 304
        assert answer.status == status, answer
        if method == "HEAD" or status == 304:
            assert answer.body == b""
        elif status == 200:
            assert simulation.shown is not None
            self.is_shown(answer, 200, simulation.shown, simulation.tag)

    @rule(
        who=WHO,
        pick=PICK,
        what=PICK,
        operation=st.sampled_from(["replace_simulation", "update_simulation", "amend_simulation"]),
        condition=CONDITIONS,
    )
    def write(self, who: int, pick: int, what: int, operation: str, condition: str | None) -> None:
        owner = self.owners[who]
        simulation, key = self._own(owner, pick), self.key_of(owner, pick // 16)
        body = sent(owner, what) if operation == "replace_simulation" else some_of(owner, what)
        headers, fulfilled = self._condition(condition, simulation)
        answer = self.ask(owner, key, operation, id=simulation.id, headers=headers, body=body)
        if "simulations:write" not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif simulation.shown is None:
            self.is_refused(answer, 404, "simulation_not_found")
        elif not fulfilled:
            self.is_refused(answer, 412, "precondition_failed")
        elif body.get("end_date", DAYS[0]) < DAYS[0]:
            self.is_refused(answer, 422, "validation_failed")
        else:
            self._is_changed(owner, key, simulation, body, answer)

    def _is_changed(self, owner: Owner, key: Key, simulation: Simulation, body: Json, answer: Answer) -> None:
        assert simulation.shown is not None
        after = simulation.shown | body
        if after != simulation.shown:
            after["updated_at"] = answer.json["updated_at"]
            assert moment(after["updated_at"]) >= moment(simulation.shown["updated_at"])
            owner.changed(key, answer.request_id, simulation, after, shown=True)
        self.is_shown(answer, 200, after, simulation.tag)

    @rule(who=WHO, pick=PICK, condition=CONDITIONS)
    def delete(self, who: int, pick: int, condition: str | None) -> None:
        owner = self.owners[who]
        simulation, key = self._own(owner, pick), self.key_of(owner, pick // 16)
        headers, fulfilled = self._condition(condition, simulation)
        answer = self.ask(owner, key, "delete_simulation", id=simulation.id, headers=headers)
        if "simulations:write" not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif simulation.shown is None:
            self.is_refused(answer, 404, "simulation_not_found")
        elif not fulfilled:
            self.is_refused(answer, 412, "precondition_failed")
        else:
            assert (answer.status, answer.body) == (204, b"")
            owner.changed(key, answer.request_id, simulation, None, shown=True)

    @rule(who=WHO, pick=PICK, version=st.integers(1, 6), condition=CONDITIONS)
    def restore(self, who: int, pick: int, version: int, condition: str | None) -> None:
        owner = self.owners[who]
        simulation, key = self._own(owner, pick), self.key_of(owner, pick // 16)
        headers, fulfilled = self._condition(condition, simulation)
        body = {"version": version}
        answer = self.ask(owner, key, "restore_simulation", id=simulation.id, headers=headers, body=body)
        state = simulation.state(version)
        if "simulations:write" not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif state is None:
            self.is_refused(answer, 404, "revision_not_found")
        elif not fulfilled:
            self.is_refused(answer, 412, "precondition_failed")
        elif simulation.shown is not None:
            members: dict[str, Any] = {name: state[name] for name in ("name", "start_date", "end_date")}
            self._is_changed(owner, key, simulation, members, answer)
        else:
            after = state | {"updated_at": answer.json["updated_at"]}
            owner.changed(key, answer.request_id, simulation, after, shown=False)
            self.is_shown(answer, 200, after, simulation.tag)
