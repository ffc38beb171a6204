/** One run: what it was given, what came out, where it stands among others, its history, and how to get it by code. */

import { fill, h, update } from "../lib/dom.js";
import { bytes, duration, moment, quantity } from "../lib/format.js";
import { afterRevisions } from "../lib/lists.js";
import { link } from "../lib/router.js";
import { curlSnippet, pythonSnippet } from "../lib/snippets.js";
import { button, chips, code, copyButton, dialog, loaded, problem, runLink, simulationLink, statusBadge, tabs, when } from "../ui/pieces.js";
import { deletedView, historyTab } from "./history.js";
import { order } from "./run_filters.js";

const CHILDREN = 100; // shown at most
const LONG_URI = 120; // letters, beyond which its beginning has to do

export async function runView(context) {
  const id = context.path[1];
  const path = `/runs/${encodeURIComponent(id)}`;
  const { api, signal, live } = context;
  if (!context.can("runs:read")) return { title: "Run", element: h("p", { class: "notice" }, "This key may not read runs: it lacks the scope runs:read.") };
  const head = h("header", { class: "page-head" });
  const body = h("div", {});
  const element = h("article", {}, head, body);
  const tab = ["history", "code"].includes(context.query.tab) ? context.query.tab : "overview";
  let run;
  let continued = null; // the runs that continue this one
  let isGone = false;
  try {
    run = await api.get(path, {}, signal);
  } catch (error) {
    if (error.status !== 404) throw error;
    return deletedView({ context, kind: "run", id, error });
  }
  const name = await simulationName(context, run);
  fill(head, heading(run, tab, name));
  if (tab === "history") fill(body, historyTab({ context, kind: "run", id }));
  else if (tab === "code") fill(body, codeTab(run));
  else
    await loaded(body, async () => {
      continued = await children(context, id);
      return overview(context, run, continued);
    });

  live.addEventListener("changes", onChanges, { signal });
  function onChanges({ detail }) {
    const own = detail.findLast((each) => each.id === id);
    if (own && !own.after) {
      isGone = true;
      fill(element, h("p", { class: "notice", role: "status" }, "This run has just been deleted. "), h("a", { href: link(["runs", id], { tab: "history" }) }, "Its history"));
      return;
    }
    if (own && (isGone || own.after.simulation_id !== run.simulation_id)) return context.again();
    if (own) run = own.after;
    const others = detail.filter(({ before, after }) => (after ?? before).parent_id === id);
    if (isGone || (!own && !others.length)) return;
    update(head, heading(run, tab, name));
    if (!continued) return; // they are not shown here, or not yet
    continued = afterRevisions(continued, others, { compare: order("-created_at"), isWanted: () => true, list: { ended: true } });
    update(body, overview(context, run, continued));
  }
  return { title: run.name ?? `Run ${id.slice(-12)}`, element };
}

function heading(run, tab, simulation) {
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#/simulations" }, "Simulations"), " / ", simulationLink(run.simulation_id, simulation)),
    h("div", { class: "title" }, h("h1", {}, h("bdi", {}, run.name ?? `Run ${run.id.slice(-12)}`)), statusBadge(run.status)),
    run.status_reason && h("pre", { class: "reason", dataset: { status: run.status }, tabindex: "0" }, run.status_reason),
    tabs("Run", [
      ["Overview", link(["runs", run.id]), tab === "overview"],
      ["History", link(["runs", run.id], { tab: "history" }), tab === "history"],
      ["By code", link(["runs", run.id], { tab: "code" }), tab === "code"],
    ]),
  ];
}

function overview(context, run, continued) {
  return [
    h(
      "div",
      { class: "columns" },
      h("section", {}, h("h2", {}, "Parameters"), quantities(run.parameters, "This run was recorded without parameters.")),
      h("section", {}, h("h2", {}, "Results"), quantities(run.results, "No results yet.")),
      h("section", {}, h("h2", {}, "About"), about(context, run, continued)),
    ),
    h("section", {}, h("h2", {}, "Artifacts"), artifacts(run.artifacts)),
    context.can("runs:write") && h("div", { class: "tools" }, button("Delete this run", () => remove(context, run), { kind: "danger" })),
  ];
}

function quantities(members, none) {
  const names = Object.keys(members);
  if (!names.length) return h("p", { class: "muted" }, none);
  return h(
    "table",
    { class: "plain" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Name"), h("th", { scope: "col", class: "end" }, "Value"))),
    h("tbody", {}, names.map((name) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "end" }, h("bdi", { title: String(members[name].value) }, quantity(members[name])))))),
  );
}

function about(context, run, continued) {
  const rows = [
    ["Started", run.started_at && [moment(run.started_at), " · ", when(run.started_at)]],
    ["Finished", run.finished_at && moment(run.finished_at)],
    ["Took", run.started_at && run.finished_at && duration(run.started_at, run.finished_at)],
    ["Solver", run.solver && h("bdi", {}, [run.solver, run.solver_version].filter(Boolean).join(" "))],
    ["External id", run.external_id && h("bdi", {}, run.external_id)],
    ["Labels", Object.keys(run.labels).length > 0 && chips(run.labels)],
    ["Continues", run.parent_id && [runLink(run.parent_id), " · ", h("a", { href: link(["compare"], { runs: `${run.parent_id},${run.id}` }) }, "compare")]],
    ["Continued by", continued.length > 0 && h("ul", { class: "bare" }, continued.map((each) => h("li", {}, runLink(each.id, each.name), " ", statusBadge(each.status))))],
    ["Recorded", [moment(run.created_at), " · ", when(run.created_at)]],
    ["Changed", run.updated_at !== run.created_at && when(run.updated_at)],
    ["Id", [h("code", {}, run.id), " ", copyButton(run.id)]],
  ];
  return h("dl", { class: "facts" }, rows.filter(([, content]) => content).map(([name, content]) => [h("dt", {}, name), h("dd", {}, content)]));
}

function artifacts(list) {
  if (!list.length) return h("p", { class: "muted" }, "No artifacts. Goatfish keeps links to files, not the files.");
  const head = ["Name", "Where", "Size", "Type", "SHA-256"];
  return h(
    "div",
    { class: "scroll", tabindex: "0" },
    h(
      "table",
      { class: "plain" },
      h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col", class: name === "Size" ? "end" : null }, name)))),
      h("tbody", {}, list.map((each) => h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, each.name)), h("td", {}, place(each.uri)), h("td", { class: "end" }, bytes(each.bytes)), h("td", {}, each.media_type), h("td", {}, each.sha256 && h("code", { title: each.sha256 }, `${each.sha256.slice(0, 12)}…`))))),
    ),
  );
}

/** A link where a browser can follow it safely, text with a button that copies it for everything else. */
function place(uri) {
  let scheme = "";
  try {
    scheme = new URL(uri).protocol;
  } catch {
    // shown as text
  }
  const text = h("bdi", uri.length > LONG_URI ? { class: "uri clamped", title: uri } : { class: "uri" }, uri);
  return ["http:", "https:"].includes(scheme) ? h("a", { href: uri, rel: "noopener noreferrer", target: "_blank" }, text) : [text, " ", copyButton(uri)];
}

function codeTab(run) {
  return [
    h("h2", {}, "curl"),
    code(curlSnippet(`/runs/${run.id}`)),
    h("h2", {}, "Python"),
    code(pythonSnippet(`run = client.runs.get("${run.id}")`, "print(run.status, run.results)")),
    h("h2", {}, "Shell"),
    code(`gf show ${run.id}`),
    h("p", { class: "muted" }, "The key is read from GOATFISH_KEY, so that it is in none of these lines."),
  ];
}

async function children(context, id) {
  return (await context.api.get("/runs", { parent_id: id, limit: CHILDREN }, context.signal)).items;
}

async function simulationName(context, run) {
  if (!context.can("simulations:read")) return `Simulation ${run.simulation_id.slice(-12)}`;
  try {
    return (await context.api.get(`/simulations/${run.simulation_id}`, {}, context.signal)).name;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return `Simulation ${run.simulation_id.slice(-12)}`;
  }
}

async function remove(context, run) {
  const failure = h("div", {});
  const gone = await dialog("Delete this run?", (close) => [
    h("p", {}, "It disappears from every list and plot. Its history is kept, and it can be restored from there."),
    failure,
    h(
      "div",
      { class: "tools" },
      button(
        "Delete",
        async () => {
          try {
            await context.api.request("DELETE", `/runs/${run.id}`, { signal: context.signal });
            close(true);
          } catch (error) {
            if (error.name !== "AbortError") fill(failure, problem(error));
          }
        },
        { kind: "danger" },
      ),
      button("Cancel", () => close(null)),
    ),
  ]);
  if (gone) location.hash = link(["simulations", run.simulation_id]);
}
