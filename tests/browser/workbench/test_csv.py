"""The reader of CSV, by itself and with what the service writes."""

import csv
import io
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.workbench.conftest import Tenant

MODULE = """async ([code, sent]) => {
    const main = document.querySelector("link[rel=modulepreload]").href;
    const csv = await import(main.replace("first.js", "lib/csv.js"));
    return RUN[code](csv, sent);
}"""
RUN = {
    "read": """(csv, chunks) => {
        const reader = new csv.CsvReader();
        return [...chunks.flatMap(each => reader.push(each)), ...reader.end()];
    }""",
    "row": "(csv, cells) => csv.csvRow(cells)",
    "harmless": "(csv, texts) => texts.map(csv.harmless)",
    "number": "(csv, texts) => texts.map(csv.numberIn)",
    "runs": "async (csv, text) => await csv.readRuns(new Response(text), 3)",
    "export": """async (csv, [path, key]) =>
        await csv.readRuns(await fetch(path, {headers: {"X-API-Key": key}}), 100)""",
}


def run(page: Page, name: str, sent: Any) -> Any:
    """What the module gives."""
    return page.evaluate(MODULE.replace("RUN[code]", f"({RUN[name]})"), [name, sent])


CELLS = [
    ["id", "name", "note"],
    ["1", 'a "quoted" word', "a, b"],
    ["2", "two\r\nlines", ""],
    ["3", "", '"'],
    ["4", "ünïcode 🚀", ",\n,"],
]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_rows_are_read_whatever_the_pieces(workbench: Page, size: int) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(CELLS)
    text = file.getvalue()
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert run(workbench, "read", chunks) == CELLS


def test_a_last_line_without_an_end_counts(workbench: Page) -> None:
    assert run(workbench, "read", ["a,b\n", 'c,""']) == [["a", "b"], ["c", ""]]
    assert run(workbench, "read", ["a,b\r\n"]) == [["a", "b"]]
    assert run(workbench, "read", [""]) == []


def test_written_rows_can_be_read(workbench: Page) -> None:
    text = "".join(run(workbench, "row", cells) for cells in CELLS)
    assert list(csv.reader(io.StringIO(text, newline=""))) == CELLS


def test_formulas_are_made_harmless_as_the_service_does(workbench: Page) -> None:
    texts = ["=1", "+a", "-5", "-a", "@b", " =c", "a=b", "x; =d", "\tq", "\uff1de", "'f", "-1e5", "a\n@b", ""]
    assert run(workbench, "harmless", texts) == [
        *["'=1", "'+a", "-5", "'-a", "'@b", "' =c", "a=b", "x;' =d", "'\tq", "'\uff1de", "'f", "-1e5", "a\n'@b", ""]
    ]


def test_only_decimal_numbers_are_numbers(workbench: Page) -> None:
    texts = ["1", "-2.5e-3", "0x10", "", " ", "Infinity", "1_0", "true", "1e999", "12 deg"]
    assert run(workbench, "number", texts) == [1, -0.0025, *[None] * 8]


def test_units_are_told_from_members(workbench: Page) -> None:
    head = "id,labels.a,parameters.h,parameters.h.unit,parameters.k,parameters.k.unit,results.cl [N/m]\r\n"
    made = run(workbench, "runs", f"{head}1,x,5,mm,1,7,2\r\n2,,6,m,2,8,\r\n")
    assert [each["id"] for each in made["columns"]] == [
        *["id", "labels.a", "parameters.h", "parameters.k", "parameters.k.unit", "results.cl"]
    ]
    by_id = {each["id"]: each for each in made["columns"]}
    assert by_id["parameters.h"]["unitIndex"] == 3
    assert by_id["parameters.k.unit"]["numeric"]
    assert by_id["results.cl"] | {"unit": "N/m", "filled": 1, "values": 1} == by_id["results.cl"]


def test_one_text_among_numbers_hides_no_column(workbench: Page) -> None:
    made = run(workbench, "runs", "id,results.cl\r\n1,2\r\n2,diverged\r\n")
    assert made["columns"][1]["numeric"]


def test_no_more_rows_than_asked_for(workbench: Page) -> None:
    made = run(workbench, "runs", "id\r\n1\r\n2\r\n3\r\n4\r\n")
    assert (made["rows"], made["isCut"]) == ([["1"], ["2"], ["3"]], True)


def test_what_the_service_writes_is_read_as_it_was_sent(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    texts = ["=1+1", "a;\t-b", 'say "no", twice', "two\nlines", "\u202eabc", "-5", "plain 'quoted'"]
    for text in texts:
        tenant.run(wing, parameters={"t": text, "h": {"value": 1, "unit": "m"}})
    made = run(workbench, "export", [f"/api/v1/simulations/{wing['id']}/runs.csv", tenant.key])
    column = next(each for each in made["columns"] if each["id"] == "parameters.t")
    assert [row[column["index"]] for row in made["rows"]] == texts[::-1]
