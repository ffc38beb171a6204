"""The table of any length, by itself: few elements, rows on demand, and nothing that jumps."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Recorded
from tests.browser.workbench.test_run_page import HOSTILE
from tests.running_service import Live

ROW = 34  # px
FEW = 80  # rows that are drawn at most

MAKE = """async (options) => {
  const base = document.querySelector("link[rel=modulepreload]").href.replace("first.js", "");
  const [{ table }, { h }] = await Promise.all([import(`${base}ui/table.js`), import(`${base}lib/dom.js`)]);
  window.row = (number, text = `row ${number}`) => ({ id: `id${number}`, text, number });
  window.rows = (from, to) => Array.from({ length: to - from }, (_, index) => row(from + index));
  window.column = (id) => ({ id, label: id, sort: id, end: true, cell: (each) => `${each.number} ${id}`, width: 20 });
  const link = (each) => h("a", { href: "#" }, each.text);
  const first = { id: "text", label: "Text", sort: "text", cell: link, width: 20 };
  window.columns = [first, ...["a", "b", "c", "d"].map(column)];
  window.asked = [];
  window.selected = new Set();
  window.made = table({
    label: "Things", columns, key: (each) => each.id, name: (each) => each.text, sort: "text", selected,
    onSort: (sort) => (asked.push(sort), made.setSort(sort)),
    more: options.more ? () => new Promise((resolve, reject) => asked.push({ resolve, reject })) : null,
  });
  document.body.replaceChildren(made.element);
  made.setRows(rows(0, options.count), !options.more);
}"""


@pytest.fixture
def blank(service: Live, page: Page, recorded: Recorded) -> Iterator[Page]:
    """A page without a key. There must be no error of a script or the policy."""
    page.goto(f"{service.url}/")
    page.set_viewport_size({"width": 900, "height": 700})
    yield page
    assert recorded.console_errors == []


def make(page: Page, count: int, *, more: bool = False) -> Locator:
    """Shows a table of so many rows; gives what scrolls it."""
    page.evaluate(MAKE, {"count": count, "more": more})
    return page.get_by_role("region", name="Things, scrollable")


def top(page: Page, text: str) -> float:
    """Where a row is on the screen, in px."""
    box = page.get_by_role("row").filter(has=page.get_by_role("link", name=text, exact=True)).bounding_box()
    assert box
    return box["y"]


def frames(page: Page) -> None:
    """Until what was scheduled has been drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def scroll(page: Page, region: Locator, row: int) -> None:
    region.evaluate("(each, top) => { each.scrollTop = top }", row * ROW)
    frames(page)


def test_only_rows_in_sight_are_drawn(blank: Page) -> None:
    region = make(blank, 5000)
    expect(blank.get_by_role("link", name="row 0", exact=True)).to_be_visible()
    begin = top(blank, "row 0")
    assert region.evaluate("each => each.querySelector('table').offsetHeight - 36") == 5000 * ROW
    for number in (2500, 4980, 13, 0):
        scroll(blank, region, number)
        last = region.evaluate("each => each.scrollTop") / ROW
        assert blank.locator("tbody tr").count() < FEW
        assert top(blank, f"row {number}") == pytest.approx(begin + (number - last) * ROW, abs=1)
        row = blank.get_by_role("row").filter(has_text=f"row {number}").first
        expect(row).to_have_attribute("aria-rowindex", str(number + 2))
        assert region.evaluate("each => each.querySelector('table').offsetHeight - 36") == 5000 * ROW
    expect(blank.get_by_role("table", name="Things")).to_have_attribute("aria-rowcount", "5001")


def test_rows_are_as_high_whatever_they_say(blank: Page) -> None:
    make(blank, 0)
    texts = [*HOSTILE, "a\nb\nc", "z" + "\u0300\u0323" * 200, "ஸ்ரீ ༄༅ ﷽ 漢字"]
    blank.evaluate("(texts) => made.setRows(texts.map((text, index) => row(index, text)), true)", texts)
    frames(blank)
    heights = blank.locator("tbody tr:not(.spacer)").evaluate_all("all => all.map((each) => each.offsetHeight)")
    assert heights == [ROW] * len(texts)


def test_more_rows_are_asked_for_near_the_end_and_once(blank: Page) -> None:
    region = make(blank, 100, more=True)
    expect(blank.get_by_role("table", name="Things")).to_have_attribute("aria-rowcount", "-1")
    assert blank.evaluate("() => asked.length") == 0
    scroll(blank, region, 70)
    scroll(blank, region, 90)
    assert blank.evaluate("() => asked.length") == 1
    expect(blank.get_by_role("status")).to_have_text("Loading more …")
    blank.evaluate("() => asked[0].resolve(rows(100, 200))")
    expect(blank.get_by_role("status")).to_be_empty()
    scroll(blank, region, 199)
    expect(blank.get_by_role("link", name="row 199")).to_be_visible()
    blank.evaluate("() => asked[1].resolve(null)")
    expect(blank.get_by_role("table", name="Things")).to_have_attribute("aria-rowcount", "201")
    scroll(blank, region, 0)
    scroll(blank, region, 199)
    assert blank.evaluate("() => asked.length") == 2


def test_what_was_asked_for_before_is_not_shown_after_a_reset(blank: Page) -> None:
    region = make(blank, 100, more=True)
    scroll(blank, region, 90)
    blank.evaluate("() => { made.reset(); made.setRows([row(7)], true); asked[0].resolve(rows(100, 200)) }")
    frames(blank)
    assert blank.evaluate("() => made.rows.length") == 1
    expect(blank.get_by_role("row")).to_have_count(2)
    blank.evaluate("() => { made.reset(); made.setRows(rows(0, 30)) }")
    frames(blank)
    assert blank.evaluate("() => asked.length") == 2


def test_rows_that_cannot_be_loaded_are_tried_again_by_a_button(blank: Page) -> None:
    make(blank, 10, more=True)
    blank.wait_for_function("() => asked.length === 1")
    blank.evaluate("() => asked[0].reject(new Error('The service cannot be reached.'))")
    expect(blank.get_by_role("status")).to_contain_text("The service cannot be reached.")
    frames(blank)
    assert blank.evaluate("() => asked.length") == 1
    blank.get_by_role("button", name="Try again").click()
    blank.evaluate("() => asked[1].resolve(rows(10, 12))")
    expect(blank.get_by_role("link", name="row 11")).to_be_visible()


@pytest.mark.parametrize(
    "change",
    [
        "made.setRows([...rows(1000, 1003), ...made.rows])",
        "made.remove('id20')",
        "made.setRows(made.rows.filter((each) => each.number > 99 || each.number % 7))",
        "made.update(row(3, 'changed'))",
        "made.append(rows(2000, 2100))",
    ],
)
def test_rows_in_sight_stay_where_they_are_while_others_come_and_go(blank: Page, change: str) -> None:
    region = make(blank, 500)
    scroll(blank, region, 100)
    before = top(blank, "row 105")
    blank.evaluate(f"() => {{ {change} }}")
    frames(blank)
    assert top(blank, "row 105") == pytest.approx(before, abs=1)


def test_a_row_that_comes_first_is_seen_where_one_looks_at_the_first(blank: Page) -> None:
    make(blank, 500)
    blank.evaluate("() => made.setRows([row(5000), ...made.rows])")
    expect(blank.get_by_role("link", name="row 5000")).to_be_in_viewport()


def focused(page: Page) -> Any:
    return page.evaluate("() => document.activeElement.ariaLabel ?? document.activeElement.innerText")


def test_the_focus_is_kept_while_rows_and_columns_change(blank: Page) -> None:
    region = make(blank, 500)
    blank.get_by_role("link", name="row 3", exact=True).focus()
    for change in (
        "made.update(row(3))",
        "made.setRows([row(1000), ...made.rows])",
        "made.setRows(made.rows.toReversed().slice(-20))",
        "made.setColumns([columns[0], column('z')])",
    ):
        blank.evaluate(f"() => {{ {change} }}")
        frames(blank)
        assert focused(blank) == "row 3", change
    blank.evaluate("() => made.setRows(rows(0, 500))")
    frames(blank)
    assert focused(blank) == "row 3"
    scroll(blank, region, 400)
    assert focused(blank) == "Things, scrollable"
    blank.keyboard.press("Home")
    expect(blank.get_by_role("link", name="row 0", exact=True)).to_be_visible()


def test_a_press_on_a_row_that_changes_is_not_lost(blank: Page) -> None:
    make(blank, 50)
    link = blank.get_by_role("link", name="row 3", exact=True)
    link.evaluate("each => each.addEventListener('click', () => asked.push('clicked'))")
    link.hover()
    blank.mouse.down()
    blank.evaluate("() => made.update({ ...row(3), number: 99 })")
    expect(blank.get_by_role("cell", name="99 a")).to_be_visible()
    blank.mouse.up()
    assert blank.evaluate("() => asked") == ["clicked"]


def test_headers_sort_by_keyboard(blank: Page) -> None:
    make(blank, 5)
    text, a = (blank.get_by_role("columnheader", name=name) for name in ("Text", "a"))
    expect(text).to_have_attribute("aria-sort", "ascending")
    expect(a).to_have_attribute("aria-sort", "none")
    text.get_by_role("button").focus()
    for _ in range(2):
        blank.keyboard.press("Enter")
    blank.keyboard.press("Tab")
    blank.keyboard.press("Enter")
    assert blank.evaluate("() => asked") == ["-text", "text", "a"]
    expect(a).to_have_attribute("aria-sort", "ascending")
    expect(text).to_have_attribute("aria-sort", "none")
    expect(a.get_by_role("button")).to_be_focused()


def test_what_is_selected_stays_so_out_of_sight(blank: Page) -> None:
    region = make(blank, 500)
    blank.get_by_label("Select row 3", exact=True).check()
    scroll(blank, region, 300)
    blank.get_by_label("Select row 305").check()
    scroll(blank, region, 0)
    expect(blank.get_by_label("Select row 3", exact=True)).to_be_checked()
    assert sorted(blank.evaluate("() => [...selected]")) == ["id3", "id305"]


def test_the_first_column_stays_with_its_heading(blank: Page) -> None:
    blank.set_viewport_size({"width": 390, "height": 700})
    region = make(blank, 50)
    region.evaluate("each => { each.scrollLeft = 300 }")
    frames(blank)
    heading = blank.get_by_role("columnheader", name="Text").bounding_box()
    cell = blank.get_by_role("rowheader", name="row 3", exact=True).bounding_box()
    assert heading
    assert cell
    assert heading["x"] == pytest.approx(cell["x"], abs=1)
    assert heading["x"] >= 0
    assert blank.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
