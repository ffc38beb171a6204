"""Lists of runs over HTTP: filters, conditions on labels and quantities, and sorts with missing values."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.contracts.http_service import Service, before_storage, expect_problem, violations
from tests.contracts.resources import Json
from tests.contracts.runs import RUNS, Lab, LabFixture, lab_of

OF_ALL_KINDS: Json = {
    # by the name of the run, the value of the parameter
    "ten": 10,
    "nine": 9.0,
    "tiny": 1e-300,
    "tenth": 0.1,
    "minus": -3,
    "huge": 1e300,
    "exact": 2**53,
    "yes": True,
    "no": False,
    "text": "10",
    "empty": "",
    "quotes": 'say "12"',
    "goat": "🐐",
    "composed": "\u00e9",
    "decomposed": "e\u0301",
}
BY_NUMBER = ["minus", "tiny", "tenth", "nine", "ten", "exact", "huge"]


def with_values(lab: Lab) -> Lab:
    for name, value in OF_ALL_KINDS.items():
        lab.make(name=name, parameters={"x": value})
    lab.make(name="without", parameters={"y": 1})
    return lab


class RunListsContract(LabFixture):
    """What can be asked of a list of runs."""

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ("=10", ["ten"]),
            ("=10.0", ["ten"]),
            ("=1e1", ["ten"]),
            ("=9", ["nine"]),
            ("=0.1", ["tenth"]),
            ("=0.10", ["tenth"]),
            ("=1E-300", ["tiny"]),
            ("=1e300", ["huge"]),
            ("=9007199254740992", ["exact"]),
            ("=9007199254740992.0", ["exact"]),
            ("=-3", ["minus"]),
            ("=true", ["yes"]),
            ("=false", ["no"]),
            ('="10"', ["text"]),
            ('=""', ["empty"]),
            (r'="say \"12\""', ["quotes"]),
            ('="🐐"', ["goat"]),
            (r'="\ud83d\udc10"', ["goat"]),
            ('="\u00e9"', ["composed"]),
            (r'="e\u0301"', ["decomposed"]),
            ("=1", []),
            ('="true"', []),
            ("  =  10", ["ten"]),
            ("!=10", sorted(OF_ALL_KINDS.keys() - {"ten"})),
            ("!=true", sorted(OF_ALL_KINDS.keys() - {"yes"})),
            ('!="10"', sorted(OF_ALL_KINDS.keys() - {"text"})),
            (">9", ["exact", "huge", "ten"]),
            (">=9", ["exact", "huge", "nine", "ten"]),
            ("<0.1", ["minus", "tiny"]),
            ("<=0.1", ["minus", "tenth", "tiny"]),
            (">1e299", ["huge"]),
            ("<-3", []),
            (">=-1e308", sorted(BY_NUMBER)),
        ],
    )
    def test_where_compares_by_value(self, service: Service, where: str, expected: list[str]) -> None:
        lab = service.once("values", lambda: with_values(lab_of(service.tenant())))
        assert lab.names(("where", f"parameters.x{where}"), sort="name") == expected

    def test_all_conditions_must_hold(self, lab: Lab) -> None:
        for n in range(6):
            lab.make(name=str(n), parameters={"n": n}, results={"even": n % 2 == 0}, labels={"third": str(n % 3)})
        both = [("where", "parameters.n>=1"), ("where", "parameters.n<5"), ("where", "results.even=true")]
        for limit in (1, 100):
            assert lab.names(*both, limit=limit, sort="name") == ["2", "4"]
            assert lab.names(*both, ("label", "third:1"), limit=limit) == ["4"]
        assert lab.names(("where", "results.n>=0")) == []

    @before_storage
    @pytest.mark.parametrize(
        ("text", "position"),
        [
            ("x", 1),
            ("parameters", 1),
            ("Parameters.a=1", 1),
            (" parameters.a=1", 1),
            ("labels.a=1", 1),
            ("parameters.", 12),
            ("parameters.=1", 12),
            ("parameters. a=1", 12),
            ("parameters.1=1", 12),
            ("parameters.ä=1", 12),
            ("parameters.a", 13),
            ("parameters.a b=1", 14),
            ("parameters.a~1", 13),
            ("parameters.a<>1", 14),
            ("parameters.a==1", 14),
            ("parameters.a=>1", 14),
            ("parameters.a=", 14),
            ("parameters.a= ", 15),
            ("parameters.a=1 ", 15),
            ("parameters.a=1 or 1=1", 15),
            ("parameters.a=01", 15),
            ("parameters.a=1.", 15),
            ("parameters.a=.5", 14),
            ("parameters.a=+1", 14),
            ("parameters.a=0x1", 15),
            ("parameters.a=1e", 15),
            ("parameters.a=NaN", 14),
            ("parameters.a=null", 14),
            ("parameters.a=True", 14),
            ("parameters.a=trueish", 18),
            ("parameters.a=x", 14),
            ("parameters.a='x'", 14),
            ('parameters.a="x', 14),
            ('parameters.a="x"y', 17),
            (r'parameters.a="\x41"', 14),
            (r'parameters.a="\u0000"', 14),
            (r'parameters.a="\ud800"', 14),
            ('parameters.a="' + "x" * 1001 + '"', 14),
            ('parameters.a<"b"', 14),
            ("parameters.a>=true", 15),
            ("parameters.a=9007199254740993", 14),
            ("parameters.a>1e309", 14),
            ("parameters.a=" + "9" * 400, 14),
            ("parameters." + "a" * 101 + "=1", 112),
            ("parameters.a\t=1", 13),
            ("parameters.a=1\n", 15),
        ],
    )
    def test_wrong_condition_is_refused_at_its_character(self, read_lab: Lab, text: str, position: int) -> None:
        answer = read_lab.query(where=text)
        assert violations(answer) == {"where": "where"}
        assert f"character {position}." in answer.json()["errors"][0]["detail"], answer.text

    @before_storage
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("where=", "empty"),
            ("where", "empty"),
            ("label=", "empty"),
            ("where=" + quote('parameters.a="\x00"'), "where"),
            ("where=parameters.a%3D%22%ED%A0%80%22", "invalid_unicode"),
            ("label=%ff", "invalid_unicode"),
            ("label=:x", "label"),
            ("label=a%20b", "label"),
            ("label=-a", "label"),
            ("label=a:%00", "label"),
            ("label=a:" + "x" * 256, "label"),
            ("label=" + "a" * 64, "label"),
            ("&".join(["where=parameters.a=1"] * 11), "repeated"),
            ("&".join(["label=a"] * 11), "repeated"),
            ("where[]=parameters.a=1", "unknown"),
        ],
    )
    def test_wrong_parameter_is_named(self, read_lab: Lab, query: str, expected: str) -> None:
        errors = expect_problem(read_lab.tenant.send("GET", f"{RUNS}?{query}"), 422, "validation_failed")["errors"]
        assert errors[0]["code"] == expected
        assert len({error["parameter"] for error in errors}) == 1

    def test_conditions_may_be_repeated_ten_times(self, lab: Lab) -> None:
        lab.make(name="a", parameters={"a": 5}, labels={"k": "v"})
        several = [("where", f"parameters.a>{n}") for n in range(-5, 5)] + [("label", "k:v")] * 10
        assert lab.names(*several) == ["a"]

    def test_labels_find_exactly(self, lab: Lab) -> None:
        labels = {"a": {"k": "v"}, "b": {"k": "V"}, "c": {"k": ""}, "d": {"k": "v:w"}, "e": {"K": "v"}, "f": {}}
        for name, each in labels.items():
            lab.make(name=name, labels=each)
        lab.make(name="g", labels={"k": '%_\\"🐐'})
        for label, expected in {
            "k": "abcdg",
            "k:v": "a",
            "k:V": "b",
            "k:": "c",
            "k:v:w": "d",
            "K": "e",
            "K:v": "e",
            "other": "",
            'k:%_\\"🐐': "g",
            "k:%": "",
        }.items():
            assert lab.names(("label", label), sort="name") == [*expected], label

    def test_filters_of_members(self, service: Service, lab: Lab) -> None:
        early, late = "2026-01-05T08:00:00Z", "2026-01-06T08:00:00Z"
        parent = lab.make(name="parent", solver="OpenFOAM", external_id="e-1")
        other = lab.tenant.make()
        lab.make(name="Running", status="running", started_at=early, parent_id=parent["id"], solver="openfoam")
        lab.make(name="failed", status="failed", started_at=early, finished_at=late, simulation_id=other["id"])
        lab.make(name="100%_done", status="succeeded", started_at=late, finished_at=late, external_id="E-1")
        lab_of(service.tenant()).make(name="foreign", external_id="e-1")
        all_names = ["parent", "Running", "failed", "100%_done"]
        expected: list[tuple[Json, list[str]]] = [
            ({}, all_names),
            ({"simulation_id": lab.simulation["id"]}, ["parent", "Running", "100%_done"]),
            ({"simulation_id": other["id"]}, ["failed"]),
            ({"simulation_id": parent["id"]}, []),
            ({"parent_id": parent["id"]}, ["Running"]),
            ({"external_id": "e-1"}, ["parent"]),
            ({"external_id": "e"}, []),
            ({"solver": "OpenFOAM"}, ["parent"]),
            ({"solver": "Open"}, []),
            ({"name": "RUNN"}, ["Running"]),
            ({"name": "%_"}, ["100%_done"]),
            ({"status": "queued"}, ["parent"]),
            ({"status": "failed,running"}, ["Running", "failed"]),
            ({"status": "failed,failed,succeeded"}, ["failed", "100%_done"]),
            ({"started_from": early}, all_names[1:]),
            ({"started_from": "2026-01-05T09:00:00.000001+01:00"}, ["100%_done"]),
            ({"started_to": early}, ["Running", "failed"]),
            ({"finished_from": late}, ["failed", "100%_done"]),
            ({"finished_to": early}, []),
            ({"started_to": early, "status": "failed", "name": "F"}, ["failed"]),
        ]
        for query, names in expected:
            assert lab.names(sort="created_at", limit=2, **query) == names, query

    @before_storage
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("simulation_id=x", {"simulation_id": "id"}),
            ("parent_id=null", {"parent_id": "id"}),
            ("status=done", {"status": "unknown_value"}),
            ("status=queued,", {"status": "unknown_value"}),
            ("status=queued&status=running", {"status": "repeated"}),
            ("started_from=2026-01-05", {"started_from": "date_time"}),
            ("finished_to=x", {"finished_to": "date_time"}),
            ("created_from=2026-01-05T08:00:00Z", {"created_from": "unknown"}),
            ("solver_version=1", {"solver_version": "unknown"}),
            ("active_on=2026-01-05", {"active_on": "unknown"}),
            ("sort=status", {"sort": "unknown_value"}),
            ("sort=name_folded", {"sort": "unknown_value"}),
            ("sort=parameters", {"sort": "unknown_value"}),
            ("sort=parameters.", {"sort": "unknown_value"}),
            ("sort=labels.a", {"sort": "unknown_value"}),
            ("sort=parameters.1", {"sort": "unknown_value"}),
            ("sort=parameters.a%0A", {"sort": "unknown_value"}),
            ("sort=--parameters.a", {"sort": "unknown_value"}),
            ("sort=parameters.a", {"sort": "filter_required"}),
            ("sort=-results.a", {"sort": "filter_required"}),
        ],
    )
    def test_wrong_query_is_refused(self, read_lab: Lab, query: str, expected: Json) -> None:
        assert violations(read_lab.tenant.send("GET", f"{RUNS}?{query}")) == expected

    @pytest.mark.parametrize("sign", ["", "-"])
    def test_missing_names_come_last(self, lab: Lab, sign: str) -> None:
        names = ["b", None, "A", None, "c", "a", None, "ß"]
        made = [lab.make(name=name) for name in names]
        named = sorted((each for each in made if each["name"]), key=lambda each: (each["name"].casefold(), each["id"]))
        nameless = sorted((each for each in made if not each["name"]), key=lambda each: str(each["id"]))
        expected = [each["id"] for part in (named, nameless) for each in (part[::-1] if sign else part)]
        for limit in (1, 2, 4, 5, 100):
            assert self.ids(lab, limit, sort=f"{sign}name") == expected

    @pytest.mark.parametrize("sort", ["parameters.x", "-parameters.x"])
    def test_quantities_sort_by_value_and_what_is_no_number_comes_last(self, lab: Lab, sort: str) -> None:
        with_values(lab)
        for name in ("ten again", "nine again"):
            lab.make(name=name, parameters={"x": {"value": 10.0 if "ten" in name else 9, "unit": "m"}})
        numbers = [*BY_NUMBER[:4], "nine again", "ten", "ten again", *BY_NUMBER[5:]]
        others = [name for name in [*OF_ALL_KINDS, "without"] if name not in BY_NUMBER]
        expected = numbers[::-1] + others[::-1] if sort.startswith("-") else numbers + others
        for limit in (1, 3, len(numbers), 100):
            assert lab.names(sort=sort, limit=limit, simulation_id=lab.simulation["id"]) == expected
        query = {"sort": sort, "simulation_id": lab.simulation["id"], "where": "parameters.x!=9"}
        kept = [name for name in expected if name not in {"nine", "nine again", "without"}]
        for limit in (1, 2):
            assert lab.names(limit=limit, **query) == kept

    def test_quantity_sort_is_within_the_simulation(self, lab: Lab) -> None:
        other = lab.tenant.make()
        for n in (3, 1, 2):
            lab.make(name=f"mine {n}", results={"cl": n})
            lab.make(name=f"other {n}", results={"cl": n}, simulation_id=other["id"])
        assert lab.names(sort="results.cl", simulation_id=other["id"]) == ["other 1", "other 2", "other 3"]

    def test_updated_at_sorts(self, lab: Lab) -> None:
        first, second = lab.make(name="first"), lab.make(name="second")
        assert lab.names(sort="updated_at") == ["first", "second"]
        lab.changed(first, labels={"a": "b"})
        assert lab.names(sort="updated_at") == ["second", "first"]
        assert lab.names(sort="-updated_at") == ["first", "second"]
        assert lab.names() == [second["name"], first["name"]]

    @before_storage
    def test_cursor_is_bound_to_conditions_and_member(self, lab: Lab) -> None:
        for n in range(3):
            lab.make(name=str(n), parameters={"a": n, "b": n}, labels={"k": "v"})
        mine = {"simulation_id": lab.simulation["id"], "sort": "parameters.a"}
        more = [("where", "parameters.a>=0"), ("label", "k")]
        cursor = lab.query(*more, **mine, limit="1").json()["next_cursor"]
        (item,) = lab.query(*more, **mine, limit="1", cursor=cursor).json()["items"]
        assert item["name"] == "1"
        others: list[tuple[Any, Json]] = [
            ([], {}),
            (more[:1], {}),
            ([("where", "parameters.a>=1"), more[1]], {}),
            ([("where", "parameters.a>0"), more[1]], {}),
            ([("where", "parameters.b>=0"), more[1]], {}),
            ([("where", "results.a>=0"), more[1]], {}),
            ([more[0], ("label", "k:v")], {}),
            (more, {"sort": "parameters.b"}),
            (more, {"sort": "-parameters.a"}),
            (more, {"sort": "results.a"}),
            (more, {"status": "queued"}),
        ]
        for query, changed in others:
            expect_problem(lab.query(*query, **mine | changed, cursor=cursor), 400, "invalid_cursor")

    @before_storage
    def test_cursor_is_bound_to_the_type_of_a_value_but_not_to_its_spelling(self, lab: Lab) -> None:
        for _ in range(2):
            lab.make(parameters={"a": 1, "b": True})
        cursor = lab.query(where="parameters.a=1", limit="1").json()["next_cursor"]
        for same in ("parameters.a=1", "parameters.a=1.0", "parameters.a = 1e0"):
            assert len(lab.query(where=same, cursor=cursor).json()["items"]) == 1
        for other in ("parameters.a=true", 'parameters.a="1"', "parameters.a=2"):
            expect_problem(lab.query(where=other, cursor=cursor), 400, "invalid_cursor")

    @before_storage
    def test_cursor_is_bound_to_the_set_of_several_values(self, lab: Lab) -> None:
        for _ in range(2):
            lab.make(status="failed")
        cursor = lab.query(status="running,failed", limit="1").json()["next_cursor"]
        for same in ("running,failed", "failed,running", "failed,running,failed"):
            assert len(lab.query(status=same, cursor=cursor).json()["items"]) == 1
        for other in ("failed", "failed,running,queued", "failed,queued"):
            expect_problem(lab.query(status=other, cursor=cursor), 400, "invalid_cursor")

    @before_storage
    @pytest.mark.parametrize("parameter", ["solver", "external_id"])
    @pytest.mark.parametrize(
        ("value", "code", "sentence"),
        [(" ", "too_short", "This is empty."), ("x" * 256, "too_long", "This is longer than {} characters.")],
    )
    def test_a_text_that_no_run_can_have(self, lab: Lab, parameter: str, value: str, code: str, sentence: str) -> None:
        problem = expect_problem(lab.query(**{parameter: value}), 422, "validation_failed")
        most = {"solver": 100, "external_id": 255}[parameter]
        assert problem["errors"] == [{"parameter": parameter, "code": code, "detail": sentence.format(most)}]

    def test_runs_of_others_are_never_listed(self, service: Service, lab: Lab) -> None:
        other = lab_of(service.tenant())
        lab.make(name="mine", parameters={"a": 1}, labels={"k": "v"})
        for query in (
            {"simulation_id": lab.simulation["id"], "sort": "parameters.a"},
            {"where": "parameters.a=1"},
            {"label": "k"},
            {"name": "mine"},
        ):
            assert other.query(**query).json() == {"items": [], "next_cursor": None}

    def ids(self, lab: Lab, limit: int, **query: str) -> list[str]:
        found: list[str] = []
        path: str | None = RUNS
        params: Any = {"limit": limit, **query}
        while path:
            answer = lab.tenant.send("GET", path, params=params)
            found += [item["id"] for item in answer.json()["items"]]
            path, params = answer.links.get("next", {}).get("url"), None
        return found
