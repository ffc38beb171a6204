/** Two to twenty runs side by side, with what differs marked. */

import { fill, h } from "../lib/dom.js";
import { csvRow } from "../lib/csv.js";
import { duration, moment, quantity } from "../lib/format.js";
import { link } from "../lib/router.js";
import { button, download, problem, runLink, statusBadge } from "../ui/pieces.js";

const MOST = 20; // runs

export async function compareView(context) {
  const ids = [...new Set([context.query.runs ?? []].flat().join(",").split(",").filter(Boolean))];
  const element = h("article", {}, h("h1", {}, "Compare runs"));
  if (!context.can("runs:read")) return { title: "Compare", element: h("p", { class: "notice" }, "This key may not read runs: it lacks the scope runs:read.") };
  if (ids.length < 2 || ids.length > MOST) {
    element.append(h("p", { class: "notice" }, `Comparing takes two to ${MOST} runs; this address names ${ids.length}. Select them in the table of a simulation.`), h("a", { href: "#/simulations" }, "All simulations"));
    return { title: "Compare", element };
  }
  const place = h("div", {});
  const failures = h("div", {});
  const only = h("input", { type: "checkbox", checked: context.query.only === "1" });
  const runs = new Map();
  await Promise.all(
    ids.map(async (id) => {
      try {
        runs.set(id, await context.api.get(`/runs/${encodeURIComponent(id)}`, {}, context.signal));
      } catch (error) {
        if (error.name === "AbortError") throw error;
        failures.append(error.status === 404 ? h("p", { class: "notice bad", role: "alert" }, `There is no run ${id}: it was deleted, or is another tenant's.`) : problem(error));
      }
    }),
  );
  const listed = () => ids.map((id) => runs.get(id)).filter(Boolean);
  const show = () => fill(place, listed().length ? comparison(listed(), only.checked, remove) : null);

  function remove(id) {
    location.hash = link(["compare"], { runs: ids.filter((each) => each !== id).join(","), only: only.checked ? "1" : "" });
  }

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
  element.append(
    h("div", { class: "tools" }, h("label", { class: "check" }, only, "Only differences"), button("Save as CSV", () => save(listed()))),
    failures,
    place,
  );
  return { title: "Compare runs", element };
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
    for (const name of [...new Set(runs.flatMap((run) => Object.keys(run[group])))].sort())
      rows.push({ name, group: group[0].toUpperCase() + group.slice(1), ...memberRow(runs.map((run) => run[group][name])) });
  for (const name of [...new Set(runs.flatMap((run) => run.artifacts.map((each) => each.name)))].sort())
    rows.push({ name, group: "Artifacts", texts: runs.map((run) => artifactText(run.artifacts.find((each) => each.name === name))) });
  for (const row of rows) row.differs = new Set(row.texts).size > 1;
  return rows.filter((row) => row.texts.some(Boolean));
}

function memberRow(members) {
  const texts = members.map((each) => (each === undefined ? "" : typeof each === "object" ? exact(each) : each));
  const numbers = members.map((each) => (typeof each?.value === "number" ? each : null));
  return { texts, shares: shares(numbers), shown: members.map((each) => (typeof each === "object" && each ? quantity(each) : (each ?? ""))) };
}

/** A value with all its digits, so that a difference that rounding hides is still one. */
function exact({ value, unit }) {
  return `${typeof value === "string" ? JSON.stringify(value) : value}${unit ? ` ${unit}` : ""}`;
}

/** How far numbers are from the first one, where units agree: "+12.5 %". */
function shares(numbers) {
  const [first] = numbers;
  return numbers.map((each, index) => {
    if (!index || !first || !each || !first.value || each.unit !== first.unit || each.value === first.value) return "";
    const share = ((each.value - first.value) / Math.abs(first.value)) * 100;
    return `${share > 0 ? "+" : "−"}${Number(Math.abs(share).toPrecision(3))} %`;
  });
}

function artifactText(artifact) {
  if (!artifact) return "";
  return artifact.sha256 ? `sha256 ${artifact.sha256.slice(0, 12)}…` : artifact.uri;
}

function comparison(runs, onlyDifferences, remove) {
  const rows = comparedRows(runs);
  const wanted = rows.filter((row) => !onlyDifferences || (row.differs && !row.quiet));
  const head = h(
    "tr",
    {},
    h("td", {}),
    runs.map((run) => h("th", { scope: "col" }, runLink(run.id, run.name), h("div", {}, statusBadge(run.status)), runs.length > 2 && button("Remove", () => remove(run.id), { "aria-label": `Remove ${run.name ?? run.id}` }))),
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

function save(runs) {
  const rows = comparedRows(runs);
  const lines = [["", ...runs.map((run) => run.name ?? run.id)], ["id", ...runs.map((run) => run.id)], ...rows.map((row) => [`${row.group}: ${row.name}`, ...row.texts])];
  download("comparison.csv", new Blob(lines.map((line) => csvRow(line.map((cell) => (/^[=+@-]/.test(cell) && !Number.isFinite(Number(cell)) ? `'${cell}` : cell)))), { type: "text/csv" }));
}
