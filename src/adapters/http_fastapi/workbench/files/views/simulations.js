/** All simulations, as a table or on a timeline. */

import { fill, h } from "../lib/dom.js";
import { pager } from "../lib/lists.js";
import { link } from "../lib/router.js";
import { runCounts } from "../ui/run_counts.js";
import { table } from "../ui/table.js";
import { button, chips, code, simulationLink, tabs, when } from "../ui/pieces.js";
import { newSimulation } from "./simulation_form.js";
import { timeline } from "./timeline.js";

const DEFAULT_SORT = "-created_at";
const FILTERS = ["name", "active_on", "start_date_from", "start_date_to", "end_date_from", "end_date_to"];
const RECOUNT = 500; // ms in which changes of runs are gathered

export async function simulationsView(context) {
  if (!context.can("simulations:read")) return { title: "Simulations", element: h("p", { class: "notice" }, "This key may not read simulations: it lacks the scope simulations:read.") };
  const state = { view: "table", sort: DEFAULT_SORT, ...context.query, label: [context.query.label ?? []].flat() };
  const views = h("div", {});
  const content = h("div", {});
  const notice = h("p", { class: "notice", role: "status", hidden: true });
  const chosen = h("span", { class: "chips" });
  const counts = runCounts(context);
  let shown = null; // {element, onChange(revisions), count()}

  /** The state as an address has it: without what is so by default. */
  function query(view = state.view) {
    const all = { ...params(), view: view === "table" ? "" : view };
    return all.sort === DEFAULT_SORT ? { ...all, sort: "" } : all;
  }

  function params() {
    return Object.fromEntries([...FILTERS, "label", "sort"].map((name) => [name, state[name]]));
  }

  async function show() {
    context.setQuery(query());
    notice.hidden = true;
    fill(views, tabs("How simulations are shown", [["table", "Table"], ["timeline", "Timeline"]].map(([view, label]) => [label, link(["simulations"], query(view)), state.view === view])));
    fill(chosen, state.label.map(labelChip));
    shown = await (state.view === "timeline" ? timeline : simulationTable)({ context, params: params(), counts, filterBy, sortBy });
    fill(content, shown.isEmpty ? empty(context, isFiltered(), clear) : shown.element);
  }

  function labelChip(label) {
    return h("button", { type: "button", class: "chip", "aria-label": `Remove the filter ${label}`, on: { click: () => change({ label: state.label.filter((each) => each !== label) }) } }, label, " ×");
  }

  const isFiltered = () => state.label.length > 0 || FILTERS.some((name) => state[name]);
  const clear = () => (location.hash = link(["simulations"], { view: state.view === "table" ? "" : state.view }));
  const filterBy = (label) => !state.label.includes(label) && change({ label: [...state.label, label] });
  const sortBy = (sort) => change({ sort });
  const change = (changes) => {
    Object.assign(state, changes);
    return show();
  };

  function onChanges({ detail }) {
    const simulations = detail.filter((each) => each.kind === "simulation");
    gather(detail.filter((each) => each.kind === "run"));
    if (!simulations.length) return;
    if (shown.isEmpty) show();
    else if (!shown.onChange(simulations, isFiltered())) {
      fill(notice, "There are new simulations. ", button("Show them", show));
      notice.hidden = false;
    }
  }

  let gathered = [];
  function gather(runs) {
    if (!runs.length) return;
    if (!gathered.length)
      setTimeout(() => {
        if (context.signal.aborted) return;
        counts.forget(new Set(gathered.flatMap((each) => [each.before, each.after]).map((run) => run?.simulation_id).filter(Boolean)));
        shown.onRuns?.(gathered);
        gathered = [];
      }, RECOUNT);
    gathered.push(...runs);
  }

  await show();
  context.live.addEventListener("changes", onChanges, { signal: context.signal });
  return {
    title: "Simulations",
    element: h(
      "article",
      {},
      h("div", { class: "title" }, h("h1", {}, "Simulations"), context.can("simulations:write") && button("New simulation", () => create(context), { kind: "primary" })),
      views,
      filters(state, change),
      chosen,
      notice,
      content,
    ),
  };
}

async function create(context) {
  const made = await newSimulation(context);
  if (made) location.hash = link(["simulations", made.id]);
}

function filters(state, change) {
  const input = (name, label, props) => {
    const element = h("input", { ...props, value: state[name] ?? "", "aria-label": label, on: { change: () => change({ [name]: element.value.trim() }) } });
    return element;
  };
  const label = h("input", { placeholder: "project:wing", size: "14", "aria-label": "Label, like project:wing", autocomplete: "off" });
  const dates = [
    ["start_date_from", "Starts from"],
    ["start_date_to", "Starts until"],
    ["end_date_from", "Ends from"],
    ["end_date_to", "Ends until"],
  ];
  return h(
    "form",
    {
      class: "tools",
      role: "search",
      "aria-label": "Filters",
      on: {
        submit(event) {
          event.preventDefault();
          if (label.value.trim()) change({ label: [...state.label, label.value.trim()] });
          label.value = "";
        },
      },
    },
    input("name", "Name contains", { type: "search", placeholder: "Name contains …", autocomplete: "off" }),
    label,
    h("button", { type: "submit", class: "button" }, "Add label"),
    h("label", {}, "Active on", input("active_on", "Active on", { type: "date" })),
    h("details", { class: "menu", open: dates.some(([name]) => state[name]) }, h("summary", { class: "button" }, "Dates"), h("div", {}, dates.map(([name, text]) => h("label", {}, text, input(name, text, { type: "date" }))))),
  );
}

async function simulationTable({ context, params, counts, filterBy, sortBy }) {
  const list = pager(context, "/simulations", params);
  const first = await list.next();
  const columns = [
    { id: "name", label: "Name", sort: "name", cell: (each) => simulationLink(each.id, each.name), text: (each) => each.name },
    { id: "start_date", label: "Planned from", sort: "start_date", cell: (each) => each.start_date, width: 14 },
    { id: "end_date", label: "Planned to", sort: "end_date", cell: (each) => each.end_date, width: 14 },
    context.can("runs:read") && { id: "runs", label: "Runs", cell: (each) => counts.cell(each.id), width: 20 },
    { id: "labels", label: "Labels", cell: (each) => labelButtons(each.labels, filterBy), text: (each) => Object.entries(each.labels).flat().join("   "), },
    { id: "created_at", label: "Created", sort: "created_at", cell: (each) => when(each.created_at), width: 16 },
  ].filter(Boolean);
  const made = table({ label: "Simulations", columns, key: (each) => each.id, sort: params.sort, onSort: sortBy, more: list.next });
  made.setRows(first, list.ended);
  return {
    element: made.element,
    isEmpty: first.length === 0,
    onChange(revisions, isFiltered) {
      let all = true;
      for (const { action, id, after } of revisions) {
        if (action === "deleted") made.remove(id);
        else if (!made.update(after) && action === "created") {
          if (!isFiltered && params.sort === DEFAULT_SORT) made.setRows([after, ...made.rows], list.ended);
          else all = false;
        }
      }
      return all;
    },
  };
}

/** Labels as chips; one that is clicked filters by it. */
function labelButtons(labels, filterBy) {
  return h(
    "span",
    { class: "chips" },
    Object.entries(labels).map(([key, text]) =>
      h("button", { type: "button", class: "chip", title: `Only ${key}: ${text}`, on: { click: () => filterBy(`${key}:${text}`) } }, h("b", {}, key), " ", h("bdi", {}, text)),
    ),
  );
}

function empty(context, isFiltered, clear) {
  if (isFiltered) return h("div", { class: "empty" }, h("h2", {}, "No simulation fulfils these filters"), button("Clear the filters", clear));
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "Record your first simulation"),
    h("p", {}, "Put a command behind ", h("code", {}, "gf run"), ", and its simulation and run are here a moment later:"),
    code(`export GOATFISH_URL=${location.origin} GOATFISH_KEY=…\ngf run -s "Wing flutter" -p alpha=12deg -- ./solver case`),
    h("p", {}, "Or from Python:"),
    code('import goatfish\n\nwith goatfish.Client().run("Wing flutter", parameters={"alpha": (12, "deg")}) as run:\n    run.results(cl=1.21)'),
    context.can("simulations:write") && h("p", {}, "Or make one by hand with “New simulation”."),
  );
}
