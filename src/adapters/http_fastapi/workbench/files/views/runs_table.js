/** The runs of a simulation as a table: conditions, columns, selection, and what happens meanwhile. */

import { fill, h } from "../lib/dom.js";
import { afterRevisions, pager } from "../lib/lists.js";
import { Members } from "../lib/members.js";
import { link } from "../lib/router.js";
import { remember, remembered } from "../lib/session.js";
import { chooseColumns } from "../ui/columns.js";
import { STATUSES, button, code, download, fileName, problem, statusBadge, toast } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { whereLine } from "../ui/where.js";
import { allColumns, firstColumns } from "./run_columns.js";
import { fulfils, order } from "./run_filters.js";

const MOST_COMPARED = 20; // runs
const DEFAULT_SORT = "-created_at";

export async function runsTab({ context, simulation, state, changed }) {
  const members = new Members();
  const selected = new Set();
  const compare = h("a", { class: "button" });
  const clear = button("Clear the selection", clearSelection, { hidden: true });
  const columnsButton = button("Columns", choose);
  const failure = h("div", {});
  const conditions = h("div", { class: "chips conditions" });
  const statuses = statusSwitches((status) => change({ status }));
  const stored = `columns.${simulation.id}`;
  const sort = () => state.sort || DEFAULT_SORT;
  const filters = () => ({ simulation_id: simulation.id, name: state.name, status: state.status, label: state.label, where: state.where });
  let chosen = remembered(stored, null); // ids of columns
  let list = null; // gives the rows that the table goes on with
  let asked = null; // what the rows in the table were asked for by
  let loading = null; // what ends the question for the first rows
  let missed = []; // revisions that came while these were asked for

  const grid = table({ label: "Runs", columns: columns(), key: (run) => run.id, name: (run) => run.name ?? run.id, sort: sort(), onSort: (next) => change({ sort: next }), more, selected, onSelect: showSelection });

  async function more() {
    if (!list) return null; // nothing could be loaded yet
    const next = await list.next();
    meet(next ?? []);
    const known = new Set(grid.rows.map((run) => run.id));
    return next?.filter((run) => !known.has(run.id)) ?? null;
  }

  /** Has columns for what these runs have. */
  function meet(runs) {
    if (members.add(runs)) grid.setColumns(columns());
  }

  function columns() {
    const all = allColumns(members, filterByLabel);
    const found = (chosen ?? firstColumns(members)).map((id) => all.find((each) => each.id === id)).filter(Boolean);
    return found.length ? found : [all[0]];
  }

  async function choose() {
    const all = allColumns(members, filterByLabel).map(({ id, label }) => ({ id, label: id.includes(".") ? `${label} (${id.split(".")[0]})` : label }));
    const shown = columns().map((each) => each.id);
    const ids = await chooseColumns(all, shown, firstColumns(members));
    if (!ids?.length) return;
    chosen = ids;
    remember(stored, ids);
    grid.setColumns(columns());
  }

  function showSelection() {
    const count = selected.size;
    const fits = count >= 2 && count <= MOST_COMPARED;
    compare.textContent = count > MOST_COMPARED ? `Compare at most ${MOST_COMPARED}` : count > 1 ? `Compare ${count}` : "Compare: select 2 or more";
    compare.classList.toggle("primary", fits);
    if (fits) compare.href = link(["compare"], { runs: [...selected].join(",") });
    else compare.removeAttribute("href");
    compare.setAttribute("aria-disabled", String(!fits));
    clear.hidden = count === 0;
  }

  function clearSelection() {
    selected.clear();
    columnsButton.focus(); // the button that was pressed is gone
    showSelection();
    grid.setColumns(columns());
  }

  /** Asks anew. The rows before stay until the answer is there; the answer to an earlier question is not waited for. */
  async function load() {
    loading?.abort();
    const mine = (loading = new AbortController());
    const params = { ...filters(), sort: sort() };
    const next = pager({ api: context.api, signal: AbortSignal.any([context.signal, mine.signal]) }, "/runs", params);
    missed = [];
    let first;
    try {
      first = await next.next();
    } finally {
      if (loading === mine) loading = null;
    }
    list = next;
    asked = params;
    fill(failure);
    grid.setSort(sort());
    grid.reset();
    meet(first);
    grid.setRows(first, list.ended);
    onChanges(missed);
    showEmptiness();
  }

  async function change(changes) {
    Object.assign(state, changes);
    changed();
    showConditions();
    try {
      await load();
    } catch (error) {
      if (error.name !== "AbortError") fill(failure, problem(error, () => change({})), error.status === 422 && button("Clear the conditions", clearConditions));
    }
  }

  /** Adds a condition, unless the service refuses it: then raises what it says. */
  async function addCondition(condition) {
    const before = state.where;
    if (before.includes(condition)) return;
    state.where = [...before, condition];
    try {
      await load();
    } catch (error) {
      if (error.name === "AbortError") return;
      state.where = before;
      throw error;
    }
    changed();
    showConditions();
  }

  function filterByLabel(label) {
    if (!state.label.includes(label)) change({ label: [...state.label, label] });
  }

  function showConditions() {
    const chip = (text, remove) => h("button", { type: "button", class: "chip", "aria-label": `Remove the condition ${text}`, on: { click: remove } }, h("bdi", {}, text), " ×");
    fill(
      conditions,
      state.where.map((each) => chip(each, () => change({ where: state.where.filter((other) => other !== each) }))),
      state.label.map((each) => chip(`label ${each}`, () => change({ label: state.label.filter((other) => other !== each) }))),
    );
    statuses.show(state.status ?? "");
  }

  function showEmptiness() {
    const isEmpty = !grid.rows.length && list.ended;
    const isFiltered = Boolean(state.name || state.status || state.label.length || state.where.length);
    if (isEmpty) fill(failure, empty(simulation, isFiltered, clearConditions));
    else if (grid.element.hidden) fill(failure);
    grid.element.hidden = isEmpty;
  }

  function clearConditions() {
    search.value = "";
    change({ name: "", status: "", label: [], where: [], sort: "" });
  }

  async function saveCsv() {
    const { simulation_id: id, ...wanted } = filters();
    try {
      const response = await context.api.fetch("GET", `/simulations/${id}/runs.csv`, { params: wanted, signal: context.signal });
      download(`${fileName(simulation.name)}.csv`, await response.blob());
      toast("The runs are saved as CSV.");
    } catch (error) {
      if (error.name !== "AbortError") fill(failure, problem(error));
    }
  }

  /** Shows changes of runs in their places, as far as the conditions let them. */
  function onChanges(revisions) {
    if (loading) missed.push(...revisions);
    const own = revisions.filter(({ before, after }) => [before, after].some((run) => run?.simulation_id === simulation.id));
    if (!own.length || !list) return;
    meet(own.map((each) => each.after).filter((run) => run?.simulation_id === simulation.id));
    for (const { id, after } of own) if (!after && selected.delete(id)) showSelection();
    grid.setRows(afterRevisions(grid.rows, own, { compare: order(asked.sort), isWanted: (run) => fulfils(run, asked), list }), list.ended);
    showEmptiness();
  }

  const search = h("input", { type: "search", placeholder: "Name contains …", "aria-label": "Name contains", value: state.name ?? "", autocomplete: "off", on: { change: (event) => change({ name: event.target.value.trim() }) } });
  const where = whereLine({ members: () => [...members.of("parameters"), ...members.of("results")], add: addCondition });
  const feed = ({ detail }) => onChanges(detail.filter((each) => each.kind === "run"));
  context.live.addEventListener("changes", feed, { signal: context.signal });
  showSelection();
  await change({});
  return {
    element: h(
      "section",
      { "aria-label": "Runs" },
      h("div", { class: "tools" }, where, search, statuses.element),
      conditions,
      h("div", { class: "tools" }, compare, clear, columnsButton, button("Save as CSV", saveCsv)),
      failure,
      grid.element,
    ),
    showCounts: statuses.showCounts,
  };
}

/** A switch for each status, with the number of runs; `choose("running,failed")` is called with those that are on. */
function statusSwitches(choose) {
  const on = new Set();
  const numbers = new Map(STATUSES.map((status) => [status, h("span", { class: "number" })]));
  const toggle = (status) => {
    if (!on.delete(status)) on.add(status);
    choose(STATUSES.filter((each) => on.has(each)).join(","));
  };
  const switches = STATUSES.map((status) => h("button", { type: "button", class: "button", "aria-pressed": "false", on: { click: () => toggle(status) } }, statusBadge(status), numbers.get(status)));
  return {
    element: h("span", { class: "status-filter", role: "group", "aria-label": "Status" }, switches),
    show(text) {
      on.clear();
      for (const status of text.split(",").filter(Boolean)) on.add(status);
      STATUSES.forEach((status, index) => switches[index].setAttribute("aria-pressed", String(on.has(status))));
    },
    showCounts(summary) {
      for (const [status, number] of numbers) number.textContent = summary.by_status[status] ?? 0;
    },
  };
}

function empty(simulation, isFiltered, clear) {
  if (isFiltered) return h("div", { class: "empty" }, h("h2", {}, "No run fulfils these conditions"), button("Clear them", clear));
  const option = simulation.name.startsWith("-") ? "--simulation=" : "-s ";
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "Record the first run"),
    code(`gf run ${option}${shellQuoted(simulation.name)} -p alpha=12deg -- ./solver case`),
    h("p", {}, "Or from Python:"),
    code(`with goatfish.Client().run(${JSON.stringify(simulation.name)}, parameters={"alpha": (12, "deg")}) as run:\n    run.results(cl=1.21)`),
  );
}

function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
