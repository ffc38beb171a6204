/** All simulations, as a table or on a timeline. */

import { part } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { link } from "../lib/router.js";
import { button, code, problem, tabs } from "../ui/pieces.js";
import { FILTERS, filterForm } from "./simulation_filters.js";
import { newSimulation } from "./simulation_form.js";
import { simulationTable } from "./simulation_list.js";

const VIEWS = [
  ["table", "Table"],
  ["timeline", "Timeline"],
];
const FIRST_SORT = { table: "-created_at", timeline: "start_date" };
const SORTS = [
  ["start_date", "start of the plan"],
  ["end_date", "end of the plan"],
  ["name", "name"],
  ["-created_at", "newest first"],
];
const RECOUNT = 500; // ms in which changes of runs are gathered
const LATER = 1000; // ms after which what has not been looked at is loaded

export async function simulationsView(context) {
  if (!context.can("simulations:read")) return { title: "Simulations", element: h("p", { class: "notice" }, "This key may not read simulations: it lacks the scope simulations:read.") };
  const state = { view: "table", sort: "", from: "", to: "", ...context.query, label: [context.query.label ?? []].flat() };
  if (state.view !== "timeline") state.view = "table";
  const views = h("div", {});
  const content = h("div", { class: "simulations" });
  const chosen = h("span", { class: "chips" });
  let shown = null; // {element, isEmpty, onChange(revisions), onRuns(revisions)}, null where it could not be loaded
  let before = new AbortController(); // ends what was shown before
  let missed = null; // revisions that have come while others are asked for

  const filters = () => Object.fromEntries([...FILTERS, "label"].map((name) => [name, state[name]]));
  const isFiltered = () => state.label.length > 0 || FILTERS.some((name) => state[name]);

  /** The state as an address has it: without what is so by default. */
  function query(view = state.view) {
    const { sort } = state;
    const window = view === "timeline" ? { from: state.from, to: state.to } : {};
    return { ...filters(), sort: sort === FIRST_SORT[view] ? "" : sort, view: view === "table" ? "" : view, ...window };
  }

  /** Loads and shows what the state says; what was asked for before is ended, so that no late answer takes its place. */
  async function show() {
    before.abort();
    before = new AbortController();
    const signal = AbortSignal.any([context.signal, before.signal]);
    missed = [];
    context.setQuery(query());
    fill(views, tabs("How simulations are shown", VIEWS.map(([view, label]) => [label, link(["simulations"], query(view)), state.view === view])));
    fill(chosen, state.label.map(labelChip));
    content.setAttribute("aria-busy", "true");
    const params = { ...filters(), sort: state.sort || FIRST_SORT[state.view] };
    const between = state.from && state.to ? [state.from, state.to] : null;
    try {
      const make = state.view === "timeline" ? (await part(import("./timeline.js"))).timeline : simulationTable;
      const made = await make({ context: { ...context, signal }, params, filterBy, sortBy, between, onWindow, tools: orderChoice(params.sort, sortBy) });
      if (signal.aborted) return;
      shown = made;
      fill(content, made.isEmpty ? empty(context, isFiltered(), clear) : made.element);
      const late = missed;
      missed = null;
      take(late);
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      shown = missed = null;
      fill(content, problem(error, show), isFiltered() && button("Clear the filters", clear));
    }
    content.removeAttribute("aria-busy");
  }

  function labelChip(label) {
    const remove = () => change({ label: state.label.filter((each) => each !== label) });
    return h("button", { type: "button", class: "chip", "aria-label": `Remove the filter ${label}`, on: { click: remove } }, h("bdi", {}, label), " ×");
  }

  function onWindow(from, to) {
    Object.assign(state, { from, to });
    context.setQuery(query());
  }

  const clear = () => (location.hash = link(["simulations"], { view: state.view === "table" ? "" : state.view }));
  const filterBy = (label) => !state.label.includes(label) && change({ label: [...state.label, label] });
  const change = (changes) => {
    Object.assign(state, changes);
    return show();
  };

  async function sortBy(sort) {
    await change({ sort });
    content.querySelector('[aria-sort]:not([aria-sort="none"]) button, select')?.focus(); // it was made anew
  }

  function take(revisions) {
    if (!revisions.length) return;
    if (shown?.isEmpty) show();
    else shown?.onChange(revisions);
  }

  let gathered = [];
  function onChanges({ detail }) {
    const simulations = detail.filter((each) => each.kind === "simulation");
    missed?.push(...simulations);
    take(simulations);
    const runs = detail.filter((each) => each.kind === "run");
    if (runs.length && !gathered.length)
      setTimeout(() => {
        if (!context.signal.aborted) shown?.onRuns(gathered);
        gathered = [];
      }, RECOUNT);
    gathered.push(...runs);
  }

  await show();
  context.live.addEventListener("changes", onChanges, { signal: context.signal });
  setTimeout(() => import("./timeline.js").catch(() => {}), LATER); // it is there when a newer version is served meanwhile
  return {
    title: "Simulations",
    element: h(
      "article",
      {},
      h("div", { class: "title" }, h("h1", {}, "Simulations"), context.can("simulations:write") && button("New simulation", () => create(context), { kind: "primary" })),
      views,
      filterForm(state, change),
      chosen,
      content,
    ),
  };
}

async function create(context) {
  const made = await newSimulation(context);
  if (made) location.hash = link(["simulations", made.id]);
}

/** How the rows of the timeline are ordered; the table has its headers for that. */
function orderChoice(sort, sortBy) {
  const choices = SORTS.some(([value]) => value === sort) ? SORTS : [...SORTS, [sort, sort]];
  const choice = h("select", { "aria-label": "Order of the rows", on: { change: () => sortBy(choice.value) } }, choices.map(([value, label]) => h("option", { value, selected: value === sort }, label)));
  return h("label", {}, "Order by ", choice);
}

function empty(context, isFiltered, clear) {
  if (isFiltered) return h("div", { class: "empty" }, h("h2", {}, "No simulation fulfils these filters"), button("Clear the filters", clear));
  const set = `export GOATFISH_URL=${location.origin} GOATFISH_KEY=…\n`;
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "Record your first simulation"),
    h("p", {}, "Start a command with ", h("code", {}, "gf run"), ", and its simulation and run are here a moment later:"),
    code(`${set}gf run -s "Wing flutter" -p alpha=12deg -- ./solver case`),
    h("p", {}, "Or from Python:"),
    code('import goatfish\n\nwith goatfish.Client().run("Wing flutter", parameters={"alpha": (12, "deg")}) as run:\n    run.results(cl=1.21)'),
    h("p", {}, "Or by HTTP:"),
    code(`${set}curl "$GOATFISH_URL/api/v1/simulations" -H "X-API-Key: $GOATFISH_KEY" --json '{"name": "Wing flutter", "start_date": "2026-01-05", "end_date": "2026-02-01"}'`),
    context.can("simulations:write") && h("p", {}, "Or make one by hand with “New simulation”."),
  );
}
