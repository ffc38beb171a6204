/** A table of any length: only the rows in sight are in the document. */

import { fill, h } from "../lib/dom.js";

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
 * Gives `{element, rows, setRows, append, update, setColumns, setSort, reset}`.
 */
export function table({ label, columns, key, sort = null, onSort = null, more = null, selected = null, onSelect, name = key }) {
  let rows = [];
  let loading = false;
  let ended = more === null;
  let failed = null;
  const drawn = new Map(); // row elements by key
  const cols = h("colgroup", {});
  const head = h("tr", { "aria-rowindex": "1" });
  const above = h("tr", { class: "spacer", "aria-hidden": "true" });
  const below = h("tr", { class: "spacer", "aria-hidden": "true" });
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
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - BEYOND);
    const last = Math.min(rows.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + BEYOND);
    const wanted = rows.slice(first, last);
    const keys = new Set(wanted.map(key));
    for (const [id, made] of drawn)
      if (!keys.has(id)) {
        made.remove();
        drawn.delete(id);
      }
    let before = above;
    wanted.forEach((row, index) => {
      const id = key(row);
      let made = drawn.get(id);
      if (made?.row !== row) {
        const fresh = rowElement(row);
        if (made) replace(made, fresh);
        fresh.row = row;
        drawn.set(id, (made = fresh));
      }
      made.setAttribute("aria-rowindex", first + index + 2);
      made.classList.toggle("odd", (first + index) % 2 === 1);
      if (before.nextSibling !== made) before.after(made);
      before = made;
    });
    above.style.height = `${first * ROW}px`;
    below.style.height = `${(rows.length - last) * ROW}px`;
    grid.setAttribute("aria-rowcount", ended ? rows.length + 1 : -1);
    foot.textContent = failed ?? (ended ? "" : loading ? "Loading more …" : "");
    if (!ended && !loading && !failed && rows.length - last < NEAR_END) ask();
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

  /** Puts a row in the place of another; what has the focus in it keeps it. */
  function replace(old, fresh) {
    const controls = (row) => [...row.querySelectorAll("a, button, input")];
    const index = controls(old).indexOf(document.activeElement);
    old.replaceWith(fresh);
    if (index >= 0) controls(fresh)[index]?.focus({ preventScroll: true });
  }

  function choose(id, chosen) {
    if (chosen) selected.add(id);
    else selected.delete(id);
    onSelect?.(selected);
  }

  async function ask() {
    loading = true;
    foot.textContent = "Loading more …";
    try {
      const next = await more();
      if (next === null) ended = true;
      else rows = rows.concat(next);
    } catch (error) {
      if (error.name === "AbortError") return;
      failed = `${error.message} Scroll or sort to try again.`;
      setTimeout(() => (failed = null), 2000);
    } finally {
      loading = false;
      soon();
    }
  }

  function headings() {
    fill(head, selected && h("th", { scope: "col", class: "select" }, h("span", { class: "unseen" }, "Select")), columns.map(heading));
    fill(cols, selected && h("col", { class: "select" }), columns.map(() => h("col", {})));
    widths();
  }

  function heading(column) {
    const current = sort && sort.replace("-", "") === column.sort;
    const descending = current && sort.startsWith("-");
    const props = { scope: "col", class: column.end ? "end" : null, title: column.label };
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
      const longest = Math.max(column.label.length + 2, ...sample.map((row) => [...String(text(row) ?? "")].length + 2));
      const wide = column.width ?? Math.min(Math.max(longest, WIDTHS.least), WIDTHS.most);
      cols.children[index + offset].style.width = index === 0 ? `min(${wide}ch, 50vw)` : `${wide}ch`;
      if (index === 0) firstWide = wide;
      total += wide;
    });
    grid.style.minWidth = `min(${total}ch, calc(${total}ch - ${firstWide}ch + 50vw))`;
  }

  function redraw() {
    for (const made of drawn.values()) made.remove();
    drawn.clear();
    soon();
  }

  const api = {
    element,
    get rows() {
      return rows;
    },
    /** Shows other rows; `complete` where there are no more to ask for. The place of scrolling is kept. */
    setRows(next, complete = more === null) {
      const first = rows.length === 0;
      rows = next;
      ended = complete || more === null;
      if (first) widths();
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
      rows = rows.filter((each) => key(each) !== id);
      soon();
    },
    setColumns(next) {
      columns = next;
      headings();
      redraw();
    },
    setSort(next) {
      sort = next;
      headings();
    },
    /** Begins anew: no rows, scrolled to the top. */
    reset() {
      rows = [];
      ended = more === null;
      scroller.scrollTop = 0;
      redraw();
    },
  };
  headings();
  return api;
}
