/** Two to twenty runs side by side, with what differs marked. */

import { fill, h, update } from "../lib/dom.js";
import { Problem } from "../lib/api.js";
import { csvRow } from "../lib/csv.js";
import { nameOrder, duration, exactQuantity, moment, quantity } from "../lib/format.js";
import { own } from "../lib/own.js";
import { isId, link } from "../lib/router.js";
import { button, copyButton, download, problem, runLink, statusBadge } from "../ui/pieces.js";

const MOST = 20; // runs

export async function compareView(context) {
  const ids = [...new Set([context.query.runs ?? []].flat().join(",").split(",").filter(Boolean))];
  const element = h("article", {}, h("h1", {}, "Compare runs"));
  if (!context.can("runs:read")) return { title: "Compare", element: h("p", { class: "notice" }, "This key may not read runs: it lacks the scope runs:read.") };
  if (ids.length < 2 || ids.length > MOST) {
    element.append(tooFew(ids.length), h("a", { href: "#/simulations" }, "All simulations"));
    return { title: "Compare", element };
  }
  const place = h("div", {});
  const failures = h("div", {});
  const only = h("input", { type: "checkbox", checked: context.query.only === "1" });
  const runs = new Map();
  await Promise.all(
    ids.map(async (id) => {
      try {
        if (!isId(id)) throw new Problem(404, {});
        runs.set(id, await context.api.get(`/runs/${encodeURIComponent(id)}`, {}, context.signal));
      } catch (error) {
        if (error.name === "AbortError") throw error;
        failures.append([404, 422].includes(error.status) ? h("p", { class: "notice bad", role: "alert" }, "There is no run ", h("bdi", {}, id), ": it was deleted, or is another tenant's.") : problem(error));
      }
    }),
  );
  const listed = () => ids.map((id) => runs.get(id)).filter(Boolean);
  const show = () => update(place, listed().length > 1 ? comparison(listed(), only.checked, remove) : [tooFew(listed().length), listed().map((run) => runLink(run.id, run.name))]);
  const goTo = (wanted) => (location.hash = link(["compare"], { runs: wanted.join(","), only: only.checked ? "1" : "" }));
  const remove = (id) => goTo(ids.filter((each) => each !== id && runs.has(each)));
  const add = (id) => goTo([...ids.filter((each) => runs.has(each)), id]);

  only.addEventListener("change", () => {
    context.setQuery({ runs: ids.join(","), only: only.checked ? "1" : "" });
    show();
  });
  context.live.addEventListener(
    "changes",
    ({ detail }) => {
      let any = false;
      for (const { id, after } of detail)
        if (runs.has(id)) {
          any = true;
          if (after) runs.set(id, after);
          else runs.delete(id);
        }
      if (any) show();
    },
    { signal: context.signal },
  );
  show();
  const adder = h("span", { class: "adding" });
  if (listed().length < MOST) adding(context, listed(), add).then((made) => fill(adder, made), () => {}); // comparing goes without it
  element.append(
    h("div", { class: "tools" }, h("label", { class: "check" }, only, "Only differences"), adder, button("Save as CSV", () => download("comparison.csv", new Blob([csvOf(listed())], { type: "text/csv" }))), copyButton(() => csvOf(listed()), "Copy as CSV")),
    failures,
    place,
  );
  return { title: "Compare runs", element };
}

function tooFew(count) {
  return h("p", { class: "notice" }, `Comparing takes two to ${MOST} runs; there ${count === 1 ? "is 1" : `are ${count || "none"}`} here. Select them in the table of a simulation.`);
}

/** A list of the newest other runs of the first run's simulation; nothing where there is none. */
async function adding(context, runs, add) {
  if (!runs.length) return [];
  const page = await context.api.get("/runs", { simulation_id: runs[0].simulation_id, limit: 100 }, context.signal);
  const others = page.items.filter((each) => !runs.some(({ id }) => id === each.id));
  if (!others.length) return [];
  const select = h("select", { "aria-label": "Add a run", }, h("option", { value: "" }, "Add a run …"), others.map(({ id, name }) => h("option", { value: id }, name ?? id)));
  return [select, button("Add", () => select.value && add(select.value))];
}

/** Rows to compare: `{name, group, texts, first, numbers}`, texts by run; in a group only members that some run has. */
export function comparedRows(runs) {
  const rows = [
    ["Status", (run) => run.status],
    ["Started", (run) => moment(run.started_at)],
    ["Took", (run) => (run.started_at && run.finished_at ? duration(run.started_at, run.finished_at) : "")],
    ["Solver", (run) => [run.solver, run.solver_version].filter(Boolean).join(" ")],
    ["Reason", (run) => run.status_reason ?? ""],
  ].map(([name, read]) => ({ name, group: "Run", texts: runs.map(read), quiet: name === "Started" || name === "Took" }));
  for (const group of ["parameters", "results", "labels"])
    for (const name of [...new Set(runs.flatMap((run) => Object.keys(run[group])))].sort(nameOrder))
      rows.push({ name, group: group[0].toUpperCase() + group.slice(1), ...memberRow(runs.map((run) => own(run[group], name))) });
  for (const name of [...new Set(runs.flatMap((run) => run.artifacts.map((each) => each.name)))].sort(nameOrder))
    rows.push({ name, group: "Artifacts", ...artifactRow(runs.map((run) => run.artifacts.find((each) => each.name === name))) });
  for (const row of rows) row.differs = new Set(row.texts).size > 1;
  return rows.filter((row) => row.texts.some(Boolean));
}

function memberRow(members) {
  const texts = members.map((each) => (each === undefined ? "" : typeof each === "object" ? exactQuantity(each) : each));
  const numbers = members.map((each) => (typeof each?.value === "number" ? each : null));
  const short = members.map((each) => (typeof each === "object" && each ? quantity(each) : (each ?? "")));
  const isTold = new Set(short).size === new Set(texts).size; // whether rounding hides no difference
  return { texts, shares: shares(numbers), shown: isTold ? short : texts };
}

/** How far numbers are from the first one, where units agree: "+12.5 %". */
function shares(numbers) {
  const [first] = numbers;
  return numbers.map((each, index) => {
    if (!index || !first || !each || !first.value || each.unit !== first.unit || each.value === first.value) return "";
    const share = (each.value / Math.abs(first.value) - Math.sign(first.value)) * 100;
    if (!Number.isFinite(share)) return "";
    return `${share > 0 ? "+" : "−"}${Number(Math.abs(share).toPrecision(3))} %`;
  });
}

/** Artifacts are the same by their digests, whole ones; by their addresses where there are none. */
function artifactRow(artifacts) {
  const texts = artifacts.map((each) => (each ? (each.sha256 ? `sha256 ${each.sha256}` : each.uri) : ""));
  return { texts, shown: texts.map((text, index) => (artifacts[index]?.sha256 ? `${text.slice(0, 19)}…` : text)) };
}

function comparison(runs, onlyDifferences, remove) {
  const rows = comparedRows(runs);
  const wanted = rows.filter((row) => !onlyDifferences || (row.differs && !row.quiet));
  const head = h(
    "tr",
    {},
    h("td", {}),
    runs.map((run) => h("th", { scope: "col" }, h("div", { class: "clamped", title: run.name ?? run.id }, runLink(run.id, run.name)), h("div", {}, statusBadge(run.status)), runs.length > 2 && button("Remove", () => remove(run.id), { "aria-label": `Remove ${run.name ?? run.id}` }))),
  );
  const body = [];
  let group = null;
  for (const row of wanted) {
    if (row.group !== group) body.push(h("tr", { class: "group" }, h("th", { scope: "colgroup", colspan: runs.length + 1 }, row.group)));
    group = row.group;
    const marked = row.differs && !row.quiet;
    body.push(
      h(
        "tr",
        { class: marked ? "differs" : "" },
        h("th", { scope: "row" }, h("bdi", {}, row.name), marked && h("span", { class: "unseen" }, " differs")),
        row.texts.map((text, index) => h("td", { class: marked && text !== row.texts[0] ? "other" : "", title: text }, text === "" ? h("span", { class: "muted" }, "none") : h("bdi", {}, row.shown?.[index] ?? text), row.shares?.[index] && h("span", { class: "share muted" }, ` ${row.shares[index]}`))),
      ),
    );
  }
  const count = rows.filter((row) => row.differs && !row.quiet).length;
  return [
    h("p", { class: "muted", role: "status" }, count ? `${count} of ${rows.length} lines differ. What differs from the first run stands in bold on a coloured ground.` : "Nothing differs."),
    h("div", { class: "scroll compare", tabindex: "0", role: "region", "aria-label": "Comparison" }, h("table", {}, h("thead", {}, head), h("tbody", {}, body))),
  ];
}

function csvOf(runs) {
  const rows = comparedRows(runs);
  return [["", ...runs.map((run) => run.name ?? run.id)], ["id", ...runs.map((run) => run.id)], ...rows.map((row) => [`${row.group}: ${row.name}`, ...row.texts])].map(csvRow).join("");
}
