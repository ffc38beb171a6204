/** A table of any length: only the rows in sight are in the document. */

import { fill, h, update } from "../lib/dom.js";
import { button } from "./pieces.js";

const ROW = 34; // px, the height of every row
const BEYOND = 12; // rows drawn above and below what is in sight, so that keys and fast scrolling find them
const NEAR_END = 40; // rows before the end at which more are asked for
const WIDTHS = { least: 7, most: 34, sample: 100 }; // characters, and the rows that decide

/**
 * Options: `label` (the accessible name), `columns` (`{id, label, cell(row), text(row), sort, end}`: `cell` gives a node or
 * text, `text` what decides the width, `sort` the name to sort by, `end` aligns numbers), `key(row)`, `sort` (like
 * "-name"), `onSort(sort)`, `more()` (a promise of the next rows, null at the end), `selected` (a Set of keys, for
 * checkboxes), `onSelect(selected)`, `name(row)` (for the label of its checkbox).
 *
 * Gives `{element, rows, setRows, append, update, remove, setColumns, setSort, reset}`. The focus and the place of scrolling
 * are kept, whatever rows come, change and go.
 */
export function table({ label, columns, key, sort = null, onSort = null, more = null, selected = null, onSelect, name = key }) {
  let rows = [];
  let loading = false;
  let ended = more === null;
  let failed = null;
  let generation = 0; // of rows: what was asked for before `reset` is not shown after it
  let shift = 0; // px by which the rows in sight have moved since they were drawn
  const drawn = new Map(); // row elements by key
  const cols = h("colgroup", {});
  const head = h("tr", { "aria-rowindex": "1" });
  const [above, below] = [spacer(), spacer()];
  const body = h("tbody", {}, above, below);
  const grid = h("table", { "aria-label": label }, cols, h("thead", {}, head), body);
  const foot = h("p", { class: "table-foot muted", role: "status" });
  const scroller = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": `${label}, scrollable` }, grid);
  const element = h("div", { class: "table" }, scroller, foot);
  let frame = null;
  const soon = () => (frame ??= requestAnimationFrame(() => ((frame = null), draw())));
  scroller.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(soon).observe(scroller);

  function draw() {
    if (!element.isConnected) return;
    follow();
    drawBody();
  }

  function drawBody() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - BEYOND);
    const last = Math.min(rows.length, Math.ceil((scroller.scrollTop + (scroller.clientHeight || innerHeight / 2)) / ROW) + BEYOND);
    const wanted = rows.slice(first, last);
    const keys = new Set(wanted.map(key));
    for (const [id, made] of drawn)
      if (!keys.has(id)) {
        if (made.contains(document.activeElement)) scroller.focus({ preventScroll: true });
        made.remove();
        drawn.delete(id);
      }
    const focused = focusedControl();
    let before = above;
    wanted.forEach((row, index) => {
      const id = key(row);
      let made = drawn.get(id);
      if (made?.row) {
        if (made.row !== row) update(made, ...rowElement(row).childNodes);
      } else {
        const fresh = rowElement(row);
        made?.replaceWith(fresh);
        drawn.set(id, (made = fresh));
      }
      made.row = row;
      made.setAttribute("aria-rowindex", first + index + 2);
      made.classList.toggle("odd", (first + index) % 2 === 1);
      if (before.nextSibling !== made) before.after(made);
      before = made;
    });
    if (focused && !body.contains(document.activeElement)) controls(drawn.get(focused.id))[focused.index]?.focus({ preventScroll: true });
    setHeight(above, first);
    setHeight(below, rows.length - last);
    grid.setAttribute("aria-rowcount", ended ? rows.length + 1 : -1);
    if (!ended && !loading && !failed && rows.length - last < NEAR_END) ask();
    showFoot();
  }

  /** Scrolls by what the rows in sight have moved, so that they stay where they are seen. */
  function follow() {
    if (!shift) return;
    setHeight(below, rows.length);
    scroller.scrollTop += shift;
    shift = 0;
  }

  function showFoot() {
    const state = failed ?? String(loading);
    if (foot.dataset.state === state) return;
    foot.dataset.state = state;
    if (failed) fill(foot, `${failed} `, button("Try again", () => ((failed = null), draw())));
    else fill(foot, loading ? "Loading more …" : "");
  }

  function rowElement(row) {
    const id = key(row);
    const box =
      selected &&
      h("td", { class: "select" }, h("input", { type: "checkbox", "aria-label": `Select ${name(row)}`, checked: selected.has(id), on: { change: (event) => choose(id, event.target.checked) } }));
    const cells = columns.map((column, index) => {
      const props = { class: column.end ? "end" : null };
      return index === 0 ? h("th", { scope: "row", ...props }, column.cell(row)) : h("td", props, column.cell(row));
    });
    return h("tr", { dataset: { key: id } }, box, cells);
  }

  /** Which control of which row has the focus, so that it has it again when the row has been moved or drawn anew. */
  function focusedControl() {
    const row = body.contains(document.activeElement) && document.activeElement.closest("tr");
    return row && { id: row.dataset.key, index: controls(row).indexOf(document.activeElement) };
  }

  function choose(id, chosen) {
    if (chosen) selected.add(id);
    else selected.delete(id);
    onSelect?.(selected);
  }

  async function ask() {
    const asked = generation;
    loading = true;
    try {
      const next = await more();
      if (asked !== generation) return;
      if (next === null) ended = true;
      else rows = rows.concat(next);
    } catch (error) {
      if (asked === generation && error.name !== "AbortError") failed = error.message;
    } finally {
      if (asked === generation) {
        loading = false;
        soon();
      }
    }
  }

  function headings() {
    const focused = head.contains(document.activeElement) && document.activeElement.closest("th").dataset.column;
    fill(head, selected && h("th", { scope: "col", class: "select" }, h("span", { class: "unseen" }, "Select")), columns.map(heading));
    if (focused) [...head.children].find((each) => each.dataset.column === focused)?.querySelector("button")?.focus({ preventScroll: true });
    fill(cols, selected && h("col", { class: "select" }), columns.map(() => h("col", {})));
    widths();
  }

  function heading(column, index) {
    const current = sort && sort.replace("-", "") === column.sort;
    const descending = current && sort.startsWith("-");
    const props = { scope: "col", class: [index === 0 && "first", column.end && "end"].filter(Boolean).join(" ") || null, title: column.label, dataset: { column: column.id } };
    if (!column.sort || !onSort) return h("th", props, h("bdi", {}, column.label));
    const next = current ? (descending ? column.sort : `-${column.sort}`) : column.sort;
    return h(
      "th",
      { ...props, "aria-sort": current ? (descending ? "descending" : "ascending") : "none" },
      h("button", { type: "button", on: { click: () => onSort(next) } }, h("bdi", {}, column.label), h("span", { class: "arrow", "aria-hidden": "true" }, current ? (descending ? "↓" : "↑") : "")),
    );
  }

  /** Columns are as wide as the longest of their first texts, so that they do not move while one scrolls. */
  function widths() {
    const offset = selected ? 1 : 0;
    const sample = rows.slice(0, WIDTHS.sample);
    let total = offset * 3;
    let firstWide = 0;
    columns.forEach((column, index) => {
      const text = column.text ?? ((row) => (typeof column.cell(row) === "string" ? column.cell(row) : ""));
      const longest = Math.max(Math.ceil(column.label.length * 1.1) + (column.sort ? 4 : 2), ...sample.map((row) => [...String(text(row) ?? "")].length + 2));
      const wide = column.width ?? Math.min(Math.max(longest, WIDTHS.least), WIDTHS.most);
      cols.children[index + offset].style.width = index === 0 ? `min(${wide}ch, 50vw)` : `${wide}ch`;
      if (index === 0) firstWide = wide;
      total += wide;
    });
    grid.style.minWidth = `min(${total}ch, calc(${total}ch - ${firstWide}ch + 50vw))`;
  }

  /** How many rows have come before the first in sight, or gone from there. */
  function moved(next) {
    const first = Math.floor(scroller.scrollTop / ROW);
    if (first === 0 || !rows[first]) return 0;
    const id = key(rows[first]);
    const at = next[first] && key(next[first]) === id ? first : next.findIndex((each) => key(each) === id);
    return at < 0 ? 0 : at - first;
  }

  const api = {
    element,
    get rows() {
      return rows;
    },
    /** Shows other rows; `complete` where there are no more to ask for. The place of scrolling is kept. */
    setRows(next, complete = more === null) {
      const first = rows.length === 0;
      shift += moved(next) * ROW;
      rows = next;
      ended = complete || more === null;
      if (first) widths();
      if (first && !element.isConnected) drawBody(); // so that its first rows are there with it, and not a frame later
      soon();
    },
    append(next) {
      api.setRows(rows.concat(next), ended);
    },
    /** Replaces the row of the same key; returns whether there is one. */
    update(row) {
      const index = rows.findIndex((each) => key(each) === key(row));
      if (index >= 0) {
        rows = rows.with(index, row);
        soon();
      }
      return index >= 0;
    },
    remove(id) {
      api.setRows(rows.filter((each) => key(each) !== id), ended);
    },
    setColumns(next) {
      columns = next;
      headings();
      for (const made of drawn.values()) made.row = null; // drawn anew
      soon();
    },
    setSort(next) {
      sort = next;
      headings();
    },
    /** Begins anew: no rows, scrolled to the top. */
    reset() {
      rows = [];
      generation += 1;
      loading = false;
      failed = null;
      shift = 0;
      ended = more === null;
      scroller.scrollTop = 0;
      soon();
    },
  };
  headings();
  return api;
}

/** A row without content, as high as the rows that are not drawn. */
function spacer() {
  return h("tr", { class: "spacer", "aria-hidden": "true" }, h("td", {}));
}

function controls(row) {
  return [...row.querySelectorAll("a, button, input")];
}

function setHeight(row, count) {
  row.firstChild.style.height = `${count * ROW}px`;
}
