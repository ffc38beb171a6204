/** One simulation: its plan, its runs, plots of them, its history. */

import { fill, h, update } from "../lib/dom.js";
import { nameOrder, value } from "../lib/format.js";
import { link } from "../lib/router.js";
import { button, chips, copyButton, dialog, problem, tabs, toast, when } from "../ui/pieces.js";
import { form } from "../ui/forms.js";
import { deletedView, historyTab } from "./history.js";
import { plotsTab } from "./plots.js";
import { runsTab } from "./runs_table.js";
import { changeSimulation } from "./simulation_form.js";

const TABS = [
  ["runs", "Runs"],
  ["plots", "Plots"],
  ["history", "History"],
  ["about", "About"],
];
const RECOUNT = 500; // ms in which changes are gathered before the counts are asked for

export async function simulationView(context) {
  const id = context.path[1];
  const path = `/simulations/${encodeURIComponent(id)}`;
  if (!context.can("simulations:read")) return { title: "Simulation", element: h("p", { class: "notice" }, "This key may not read simulations: it lacks the scope simulations:read.") };
  const mayReadRuns = context.can("runs:read");
  const tab = TABS.some(([each]) => each === context.query.tab) ? context.query.tab : mayReadRuns ? "runs" : "about";
  const state = { ...context.query, where: [context.query.where ?? []].flat(), label: [context.query.label ?? []].flat() };
  const head = h("header", {});
  const planned = h("span", { class: "muted" });
  const figures = h("div", { class: "figures" });
  const line = h("div", { class: "tools" }, planned, figures);
  const body = h("div", {});
  let loaded;
  try {
    loaded = await context.api.request("GET", path, { signal: context.signal });
  } catch (error) {
    if (error.status !== 404) throw error;
    return deletedView({ context, kind: "simulation", id, error });
  }
  let simulation = loaded.body;
  let shown = null; // the tab of runs
  let isDeleted = false;
  const changed = () => {
    context.setQuery({ ...state, tab: tab === "runs" ? "" : tab });
    showHead();
  };

  function showHead() {
    const { name, status, where, label } = state;
    fill(planned, `Planned from ${simulation.start_date} to ${simulation.end_date}`);
    update(
      head,
      h("p", { class: "crumbs" }, h("a", { href: "#/simulations" }, "Simulations")),
      h("div", { class: "title" }, h("h1", {}, h("bdi", {}, simulation.name)), chips(simulation.labels, (key, text) => link(["simulations"], { label: `${key}:${text}` }))),
      simulation.description && h("p", { class: "muted lead", title: simulation.description }, simulation.description),
      line,
      tabs("Simulation", TABS.filter(([each]) => mayReadRuns || !["runs", "plots"].includes(each)).map(([each, label_]) => [label_, link(["simulations", id], { ...(["runs", "plots"].includes(each) ? { name, status, where, label } : {}), tab: each === "runs" ? "" : each }), each === tab])),
    );
  }

  async function recount() {
    if (!mayReadRuns) return;
    try {
      const summary = await context.api.get(`${path}/summary`, {}, context.signal);
      const isOpen = figures.querySelector("details")?.open ?? false;
      update(figures, results(summary, isOpen));
      shown?.showCounts(summary);
    } catch (error) {
      if (error.name !== "AbortError") fill(figures, problem(error));
    }
  }

  async function show() {
    if (!mayReadRuns && ["runs", "plots"].includes(tab)) fill(body, h("p", { class: "notice" }, "This key may not read runs: it lacks the scope runs:read."));
    else if (tab === "plots") fill(body, await plotsTab({ context, simulation, state, changed }));
    else if (tab === "history") fill(body, historyTab({ context, kind: "simulation", id }));
    else if (tab === "about") update(body, about(context, simulation, edit));
    else {
      shown = await runsTab({ context, simulation, state, changed });
      fill(body, shown.element);
    }
  }

  async function edit() {
    const latest = await context.api.request("GET", path, { signal: context.signal });
    const made = await changeSimulation(context, latest.body, latest.etag);
    if (!made) return;
    simulation = made;
    showHead();
    if (tab === "about") show();
    toast("Saved.");
  }

  let waiting = null; // until the runs are counted again; one count follows another, so that the last is the newest
  let counting = null;
  async function countAgain() {
    await counting;
    waiting = null;
    if (!context.signal.aborted) counting = recount();
  }

  function onChanges({ detail }) {
    const own = detail.findLast((each) => each.id === id);
    if (own?.after) {
      simulation = own.after;
      showHead();
      if (tab === "about" || isDeleted) show();
      isDeleted = false;
    } else if (own) isDeleted = Boolean(fill(body, h("p", { class: "notice", role: "status" }, "This simulation has just been deleted.")));
    const runs = detail.filter((each) => each.kind === "run" && [each.before, each.after].some((run) => run?.simulation_id === id));
    if (!runs.length) return;
    waiting ??= setTimeout(countAgain, RECOUNT);
  }

  showHead();
  context.live.addEventListener("changes", onChanges, { signal: context.signal });
  await show();
  counting = recount();
  return { title: simulation.name, element: h("article", {}, head, body) };
}


/** Least, mean and greatest of the results. */
function results(summary, isOpen) {
  const entries = Object.entries(summary.results).sort(([a], [b]) => nameOrder(a, b));
  if (!entries.length) return null;
  const unit = (each) => (each.unit ? ` ${each.unit}` : "");
  return h(
    "details",
    { class: "menu", open: isOpen },
    h("summary", { class: "button" }, "Results in numbers"),
    h(
      "div",
      { tabindex: "0", role: "region", "aria-label": "Results in numbers" },
      h(
        "table",
        { class: "plain" },
        h("thead", {}, h("tr", {}, ["Result", "Runs", "Least", "Mean", "Greatest"].map((name, index) => h("th", { scope: "col", class: index ? "end" : null }, name)))),
        h("tbody", {}, entries.map(([name, each]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "end" }, each.count), ["min", "mean", "max"].map((figure) => h("td", { class: "end" }, `${value(each[figure])}${unit(each)}`))))),
      ),
    ),
  );
}

function about(context, simulation, edit) {
  const rows = [
    ["Description", simulation.description && h("p", { class: "prose" }, simulation.description)],
    ["Planned", `${simulation.start_date} to ${simulation.end_date}`],
    ["Labels", Object.keys(simulation.labels).length > 0 && chips(simulation.labels)],
    ["Created", when(simulation.created_at)],
    ["Changed", when(simulation.updated_at)],
    ["Id", [h("code", {}, simulation.id), " ", copyButton(simulation.id)]],
  ];
  return h(
    "section",
    {},
    h("dl", { class: "facts" }, rows.filter(([, content]) => content).map(([name, content]) => [h("dt", {}, name), h("dd", {}, content)])),
    context.can("simulations:write") && h("div", { class: "tools spaced" }, button("Edit", edit), button("Delete this simulation", () => remove(context, simulation), { kind: "danger" })),
  );
}

async function remove(context, simulation) {
  const done = await dialog("Delete this simulation?", (close) =>
    form({
      label: "Delete",
      kind: "danger",
      close,
      content: h("p", {}, "Its history is kept, and it can be restored from there. A simulation that has runs cannot be deleted."),
      async send() {
        await context.api.request("DELETE", `/simulations/${simulation.id}`, { signal: context.signal });
        return true;
      },
    }),
  );
  if (done) location.hash = link(["simulations"]);
}
