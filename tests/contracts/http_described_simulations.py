"""Descriptions and labels of simulations over HTTP."""

from __future__ import annotations

import pytest

from tests.contracts.http_service import before_storage, expect_problem, violations
from tests.contracts.http_simulations import SIMULATIONS, WING
from tests.contracts.runs import Lab, LabFixture


class DescribedSimulationsContract(LabFixture):
    """Descriptions and labels of simulations."""

    def test_description_and_labels_may_be_left_out(self, lab: Lab) -> None:
        made = lab.tenant.send("POST", SIMULATIONS, json=WING).json()
        assert (made["description"], made["labels"]) == (None, {})
        full = lab.tenant.make(description="one\n\ttwo ", labels={"project": "wing", "empty": ""})
        assert (full["description"], full["labels"]) == ("one\n\ttwo ", {"project": "wing", "empty": ""})
        put = lab.tenant.send("PUT", f"{SIMULATIONS}/{full['id']}", json=WING).json()
        assert (put["description"], put["labels"]) == (None, {})

    def test_description_is_bounded(self, lab: Lab) -> None:
        assert len(lab.tenant.make(description="🐐" * 4000)["description"]) == 4000
        for text, code in {
            "x" * 4001: "too_long",
            "a\u0000b": "control_characters",
            "\x1b": "control_characters",
        }.items():
            answer = lab.tenant.send("POST", SIMULATIONS, json=WING | {"description": text})
            assert violations(answer) == {"#/description": code}

    @pytest.mark.parametrize("type_", ["application/json", "application/merge-patch+json"])
    def test_patch_merges_labels(self, lab: Lab, type_: str) -> None:
        made = lab.tenant.make(labels={"a": "1", "b": "2"})
        content = '{"labels": {"a": null, "c": "3"}, "description": "d"}'
        answer = lab.tenant.send(
            "PATCH", f"{SIMULATIONS}/{made['id']}", content=content, headers={"Content-Type": type_}
        )
        assert (answer.json()["labels"], answer.json()["description"]) == ({"b": "2", "c": "3"}, "d")
        removed = lab.tenant.send("PATCH", f"{SIMULATIONS}/{made['id']}", json={"description": None}).json()
        assert removed["description"] is None

    def test_simulations_are_found_by_labels(self, lab: Lab) -> None:
        for name, labels in {"a": {"p": "x"}, "b": {"p": "y"}, "c": {"p": "x", "q": ""}, "d": {}}.items():
            lab.tenant.make(name=name, labels=labels)

        def names(*query: tuple[str, str]) -> list[str]:
            answer = lab.tenant.send("GET", SIMULATIONS, params=[*query, ("sort", "name")])
            return [item["name"] for item in answer.json()["items"]]

        assert names(("label", "p")) == ["a", "b", "c"]
        assert names(("label", "p:x")) == ["a", "c"]
        assert names(("label", "p:x"), ("label", "q")) == ["c"]
        assert names(("label", "q:")) == ["c"]
        assert names(("label", "p:")) == []
        assert names(*[("label", "p:x")] * 10) == ["a", "c"]

    @before_storage
    def test_cursor_is_bound_to_the_labels(self, lab: Lab) -> None:
        for _ in range(2):
            lab.tenant.make(labels={"p": "x"})
        query = {"label": "p", "limit": "1"}
        cursor = lab.tenant.send("GET", SIMULATIONS, params=query).json()["next_cursor"]
        assert len(lab.tenant.send("GET", SIMULATIONS, params=query | {"cursor": cursor}).json()["items"]) == 1
        for other in ({}, {"label": "p:x"}, {"label": "q"}):
            answer = lab.tenant.send("GET", SIMULATIONS, params={**other, "cursor": cursor})
            expect_problem(answer, 400, "invalid_cursor")
