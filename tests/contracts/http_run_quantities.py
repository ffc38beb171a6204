"""Parameters and results of runs over HTTP: which values there are, that they come back alike, and hostile ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contracts.http_service import before_storage, expect_problem, violations
from tests.contracts.resources import Json
from tests.contracts.runs import RUNS, Lab, LabFixture, path_of

NUMBERS = (
    *(0, -1, 12, 12.0, 0.1, -0.1, 1 / 3, 0.30000000000000004, 123456789.123456789),
    *(2**53, -(2**53), 2.0**53, 9007199254740994.0, 1e15, 1e16, 1e22),
    *(1e300, -1e300, 1e-300, 5e-324, 1.7976931348623157e308),
)
TEXTS = ("", " ", "true", "12", "a\n\tb", '"quoted" \\ %s $1', "🐐" * 1000, "e\u0301", "\u202e", "null", "," * 1000)
UNITS = (None, "", "m/s²", "°C", "e\u0301" * 16, "\u0301" * 32, "🐐" * 32, " m")


def raw(value: str) -> str:
    """A body with this JSON text as a bare parameter; ``{id}`` stands for the simulation."""
    return '{"simulation_id": "%s", "parameters": {"a": ' + value + "}}"


class RunQuantitiesContract(LabFixture):
    """Values are kept as they are sent, and compared by what they mean."""

    def send(self, lab: Lab, body: str) -> Any:
        headers = {"Content-Type": "application/json"}
        return lab.tenant.send("POST", RUNS, content=body % lab.simulation["id"], headers=headers)

    def test_values_come_back_alike(self, lab: Lab) -> None:
        values = [*NUMBERS, *TEXTS, True, False]
        sent = {f"p{n}": value for n, value in enumerate(values)}
        made = lab.make(parameters=sent, results={name: {"value": value} for name, value in sent.items()})
        for found in (made, lab.get(made), lab.query().json()["items"][0]):
            for shown in (found["parameters"], found["results"]):
                assert shown == {name: {"value": value, "unit": None} for name, value in sent.items()}
                assert [type(shown[f"p{n}"]["value"]) is bool for n in range(len(values))] == [
                    isinstance(value, bool) for value in values
                ]
        assert made["parameters"].keys() == sent.keys()
        lab.delete(made)
        restored = lab.restore(path_of(made), 1).json()
        assert (restored["parameters"], restored["results"]) == (made["parameters"], made["results"])

    def test_units_are_kept(self, lab: Lab) -> None:
        sent = {f"p{n}": {"value": n, "unit": unit} for n, unit in enumerate(UNITS)}
        assert lab.get(lab.make(results=sent))["results"] == sent

    @pytest.mark.parametrize("zero", ["0", "-0", "0.0", "-0.0", "-0e10", "1e-400", "-1e-400"])
    def test_there_is_one_zero(self, lab: Lab, zero: str) -> None:
        made = self.send(lab, raw(zero)).json()
        assert lab.get(made) == made
        assert str(float(made["parameters"]["a"]["value"])) == "0.0"
        for where in ("parameters.a=0", "parameters.a=-0.0", "parameters.a>=0", "parameters.a<=-0"):
            assert len(lab.query(where=where).json()["items"]) == 1

    @before_storage
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (str(2**53 + 1), "out_of_range"),
            (str(-(2**53) - 1), "out_of_range"),
            ("9" * 400, "out_of_range"),
            ("1e309", "out_of_range"),
            ("-1e309", "out_of_range"),
            (json.dumps("x" * 1001), "too_long"),
            (r'"a\u0000"', "control_characters"),
            (r'"\ud800"', "control_characters"),
            ("null", "quantity"),
            ("[]", "quantity"),
            ("[1]", "quantity"),
        ],
    )
    def test_value_that_no_quantity_has_is_refused(self, lab: Lab, value: str, code: str) -> None:
        assert violations(self.send(lab, raw(value))) == {"#/parameters/a": code}
        answer = self.send(lab, raw(f'{{"value": {value}, "unit": null}}'))
        assert violations(answer) == {"#/parameters/a/value": code}

    @before_storage
    @pytest.mark.parametrize(
        ("value", "place"),
        [
            ('{"value": 1, "value": 1}', "/parameters/a/value"),
            ('{"value": {"b": [1, {"c": 1, "d": 2, "c": 1}]}}', "/parameters/a/value/b/1/c"),
            ('1, "a": 1', "/parameters/a"),
            ('1, "\\u0061": 1', "/parameters/a"),
            ('1}, "results": {"a": 1, "b": 1, "a": 2', "/results/a"),
            ('1}, "labels": {"a/b": "1", "a/b": "2"', "/labels/a~1b"),
            (
                '1}, "artifacts": [{"name": "a", "uri": "a:b"}, {"name": "a", "name": "b"}], "x": {"y": 1',
                "/artifacts/1/name",
            ),
        ],
    )
    def test_member_that_is_given_twice_is_pointed_at(self, lab: Lab, value: str, place: str) -> None:
        content = raw(value) % lab.simulation["id"]
        headers = {"Content-Type": "application/json"}
        path = path_of(lab.make())
        for method, at in (("POST", RUNS), ("PUT", path), ("PATCH", path)):
            answer = lab.tenant.send(method, at, content=content, headers=headers)
            assert violations(answer) == {f"#{place}": "duplicate_member"}
        batch = f'{{"items": [{{}}, {content}]}}'
        answer = lab.tenant.send("POST", f"{RUNS}/batch", content=batch, headers=headers)
        assert violations(answer) == {f"#/items/1{place}": "duplicate_member"}
        broken = lab.tenant.send("POST", RUNS, content=content + "}", headers=headers)
        expect_problem(broken, 400, "malformed_json")

    @before_storage
    @pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e", "0x1", "01", "+1", ".5"])
    def test_what_is_no_number_of_json_is_refused(self, lab: Lab, value: str) -> None:
        expect_problem(self.send(lab, raw(value)), 400, "malformed_json")

    @before_storage
    @pytest.mark.parametrize(
        ("member", "expected"),
        [
            ({}, {"#/parameters/a/value": "missing"}),
            ({"unit": "m"}, {"#/parameters/a/value": "missing"}),
            ({"value": 1, "unit": "x" * 33}, {"#/parameters/a/unit": "too_long"}),
            ({"value": 1, "unit": "\u0301" * 33}, {"#/parameters/a/unit": "too_long"}),
            ({"value": 1, "unit": "a\n"}, {"#/parameters/a/unit": "control_characters"}),
            ({"value": 1, "unit": "\ud800"}, {"#/parameters/a/unit": "control_characters"}),
            ({"value": 1, "unit": " "}, {"#/parameters/a/unit": "invisible"}),
            ({"value": 1, "unit": 7}, {"#/parameters/a/unit": "wrong_type"}),
            ({"value": 1, "units": "m"}, {"#/parameters/a/units": "unknown"}),
            ({"value": {"value": 1}}, {"#/parameters/a/value": "quantity"}),
        ],
    )
    def test_wrong_member_of_a_quantity_is_named(self, lab: Lab, member: Json, expected: Json) -> None:
        assert violations(lab.post(parameters={"a": member})) == expected

    @pytest.mark.parametrize("name", ["a", "A" * 100, "a.b_c-9", "constructor", "toString", "a.."])
    def test_name_may_be(self, lab: Lab, name: str) -> None:
        assert lab.get(lab.make(parameters={name: 1}))["parameters"] == {name: {"value": 1, "unit": None}}
        assert len(lab.query(where=f"parameters.{name}=1").json()["items"]) == 1

    @before_storage
    @pytest.mark.parametrize(
        "name", ["", "1a", "_a", "__proto__", "a b", "ä", "a\n", "a" * 101, "a/b", "a\u0000", "\ud800", "$a", "a'"]
    )
    def test_name_may_not_be(self, lab: Lab, name: str) -> None:
        for member in ("parameters", "results"):
            ((pointer, code),) = violations(lab.post(**{member: {name: 1}})).items()
            assert (pointer.startswith(f"#/{member}/"), code) == (True, "key")
        answer = lab.tenant.send(
            "PATCH",
            path_of(lab.make()),
            content=json.dumps({"results": {name: None}}),
            headers={"Content-Type": "application/json"},
        )
        assert [*violations(answer).values()] == ["key"]

    def test_there_are_at_most_100(self, lab: Lab) -> None:
        full = {f"p{n}": {"value": "," * 1000, "unit": "m"} for n in range(100)}
        assert len(lab.make(parameters=full, results=full)["results"]) == 100
        for member in ("parameters", "results"):
            assert violations(lab.post(**{member: full | {"q": 1}})) == {f"#/{member}": "too_many"}

    @before_storage
    @pytest.mark.parametrize("member", ["labels", "parameters", "results"])
    def test_deep_and_huge_maps_are_refused(self, lab: Lab, member: str) -> None:
        for deep in (20, 63, 64, 70, 990):
            body = '{"simulation_id": "%s", "' + member + '": {"a": ' + '{"value":' * deep + "1" + "}" * deep + "}}"
            assert self.send(lab, body).status_code == 422
        for value in ({f"k{n}": 1 for n in range(1900)}, {f"k{n}": 1 for n in range(50_000)}, {"k" * 900_000: 1}):
            answer = lab.post(**{member: value})
            assert answer.status_code == 422
            assert len(answer.content) < 64 << 10
        body = '{"simulation_id": "%s", "' + member + '": {"a": "1", "a": "2"}}'
        assert [*violations(self.send(lab, body)).values()] == ["duplicate_member"]
        twice = ",".join(f'"k{n}": 1, "k{n}": 2' for n in range(100))
        for deep, code in ((60, "duplicate_member"), (70, "too_deep")):
            body = '{"simulation_id": "%s", "' + member + '": ' + ('{"' + "k" * 100 + '":') * deep + "{" + twice
            answer = self.send(lab, body + "}" * (deep + 2))
            assert {*violations(answer).values()} == {code}
            assert len(answer.content) < 64 << 10

    def test_largest_run_is_kept(self, lab: Lab) -> None:
        """Every member as large as it may be, with characters of four bytes as far as the body's limit goes."""
        full = {f"{'p' * 97}{n:03}": {"value": "🐐" * 900, "unit": "🐐" * 32} for n in range(100)}
        labels = {f"{'k' * 61}{n:02}": "🐐" * 255 for n in range(32)}
        links = [{"name": f"{n}".ljust(255, "x"), "uri": "a:".ljust(2048, "b")} for n in range(50)]
        sent = json.dumps(
            {"simulation_id": lab.simulation["id"], "parameters": full, "labels": labels, "artifacts": links},
            ensure_ascii=False,
        )
        answer = lab.tenant.send(
            "POST", RUNS, content=sent.encode(), headers={"Content-Type": "application/json", "Idempotency-Key": "k"}
        )
        assert answer.status_code == 201, answer.text[:500]
        assert lab.get(answer.json())["parameters"] == full
