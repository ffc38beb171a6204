/** The runs of a simulation as a table: conditions, columns, selection, and what happens meanwhile. */

import { fill, h } from "../lib/dom.js";
import { pager } from "../lib/lists.js";
import { Members, PLAIN, cellText, unitOf } from "../lib/members.js";
import { link } from "../lib/router.js";
import { remember, remembered } from "../lib/session.js";
import { chooseColumns } from "../ui/columns.js";
import { STATUSES, button, code, download, problem, runLink, statusBadge, toast, when } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { whereLine } from "../ui/where.js";

const FIRST = ["name", "status", "started_at"];
const MOST_COLUMNS = 14; // shown before anybody has chosen
const MOST_COMPARED = 20; // runs
const DEFAULT_SORT = "-created_at";

export async function runsTab({ context, simulation, state, changed }) {
  const members = new Members();
  const selected = new Set();
  const names = new Map();
  const compare = h("a", { class: "button", href: "#" });
  const failure = h("div", {});
  const notice = h("p", { class: "notice", role: "status", hidden: true });
  const conditions = h("span", { class: "chips" });
  const statuses = h("span", { class: "status-filter", role: "group", "aria-label": "Status" });
  const stored = `columns.${simulation.id}`;
  const params = () => ({ simulation_id: simulation.id, name: state.name, status: state.status, label: state.label, where: state.where, sort: state.sort ?? DEFAULT_SORT });
  const list = pager(context, "/runs", params());
  const isFiltered = () => Boolean(state.name || state.status || state.label.length || state.where.length);
  let shown = remembered(stored, null);

  const grid = table({
    label: "Runs",
    columns: columns(),
    key: (run) => run.id,
    name: (run) => run.name ?? run.id,
    sort: state.sort ?? DEFAULT_SORT,
    onSort: (sort) => change({ sort }),
    more,
    selected,
    onSelect: showSelection,
  });

  async function more() {
    const next = await list.next();
    if (next && members.add(next)) grid.setColumns(columns());
    for (const run of next ?? []) names.set(run.id, run.name);
    return next;
  }

  function allColumns() {
    const made = PLAIN.map(([id, label, sort]) => ({ id, label, sort, cell: (run) => plainCell(run, id), text: (run) => (id === "status" ? "succeeded   " : cellText(run, id)) }));
    for (const group of ["parameters", "results", "labels"])
      for (const member of members.of(group)) {
        const unit = unitOf(member);
        made.push({
          id: member.id,
          label: unit ? `${member.name} [${unit}]` : member.name,
          sort: group === "labels" ? null : member.id,
          end: member.numeric,
          cell: (run) => h("bdi", {}, cellText(run, member.id, unit)),
          text: (run) => cellText(run, member.id, unit),
        });
      }
    return made;
  }

  function columns() {
    const all = allColumns();
    const ids = shown ?? [...FIRST, ...all.map((each) => each.id).filter((id) => members.found.get(id)?.varies && !id.startsWith("labels."))].slice(0, MOST_COLUMNS);
    const found = ids.map((id) => all.find((each) => each.id === id)).filter(Boolean);
    return found.length ? found : [all[0]];
  }

  async function choose() {
    const all = allColumns().map(({ id, label }) => ({ id, label: id.includes(".") ? `${label} (${id.split(".")[0]})` : label }));
    const ids = await chooseColumns(all, columns().map((each) => each.id));
    if (!ids?.length) return;
    shown = ids;
    remember(stored, ids);
    grid.setColumns(columns());
  }

  function showSelection() {
    const count = selected.size;
    const fits = count >= 2 && count <= MOST_COMPARED;
    compare.textContent = count > MOST_COMPARED ? `Compare at most ${MOST_COMPARED}` : count ? `Compare ${count}` : "Compare: select 2 or more";
    compare.classList.toggle("primary", fits);
    if (fits) compare.href = link(["compare"], { runs: [...selected].join(",") });
    else compare.removeAttribute("href");
    compare.setAttribute("aria-disabled", String(!fits));
  }

  async function change(changes) {
    Object.assign(state, changes);
    changed();
    await load();
  }

  /** Asks anew. The rows before stay until the answer is there. */
  async function load() {
    notice.hidden = true;
    fill(failure);
    showConditions();
    list.reset(params());
    grid.setSort(state.sort ?? DEFAULT_SORT);
    try {
      const first = (await more()) ?? [];
      grid.reset();
      grid.setRows(first, list.ended);
      if (!first.length) fill(failure, empty(simulation, isFiltered(), () => change({ name: "", status: "", label: [], where: [] })));
      grid.element.hidden = !first.length;
    } catch (error) {
      if (error.name !== "AbortError") fill(failure, problem(error));
    }
  }

  function showConditions() {
    const chip = (text, remove) => h("button", { type: "button", class: "chip", "aria-label": `Remove the condition ${text}`, on: { click: remove } }, text, " ×");
    fill(
      conditions,
      state.where.map((each) => chip(each, () => change({ where: state.where.filter((other) => other !== each) }))),
      state.label.map((each) => chip(`label ${each}`, () => change({ label: state.label.filter((other) => other !== each) }))),
    );
  }

  /** The statuses with their counts; each is a switch. */
  function showCounts(summary) {
    const on = new Set((state.status ?? "").split(",").filter(Boolean));
    fill(
      statuses,
      STATUSES.map((status) =>
        h(
          "button",
          {
            type: "button",
            class: "button",
            "aria-pressed": String(on.has(status)),
            on: {
              click() {
                if (!on.delete(status)) on.add(status);
                change({ status: STATUSES.filter((each) => on.has(each)).join(",") }).then(() => showCounts(summary));
              },
            },
          },
          statusBadge(status),
          h("span", { class: "number" }, summary.by_status[status] ?? 0),
        ),
      ),
    );
  }

  async function saveCsv() {
    const { sort: _, simulation_id: __, ...filters } = params();
    try {
      const response = await context.api.fetch("GET", `/simulations/${simulation.id}/runs.csv`, { params: filters, signal: context.signal });
      download(`${simulation.name.replace(/[^\w -]+/g, "_").slice(0, 80) || "runs"}.csv`, await response.blob());
      toast("The runs are saved as CSV.");
    } catch (error) {
      if (error.name !== "AbortError") fill(failure, problem(error));
    }
  }

  /** Shows changes of runs in place where the table can tell where they belong, and offers the rest. */
  function onChanges(revisions) {
    let others = 0;
    const plain = !isFiltered() && (state.sort ?? DEFAULT_SORT) === DEFAULT_SORT;
    for (const { id, action, before, after } of revisions) {
      if ((after ?? before).simulation_id !== simulation.id && before?.simulation_id !== simulation.id) continue;
      if (after && members.add([after])) grid.setColumns(columns());
      if (!after || after.simulation_id !== simulation.id) grid.remove(id);
      else if (!grid.update(after) && (action === "created" || !before)) {
        if (plain) {
          grid.setRows([after, ...grid.rows], list.ended);
          grid.element.hidden = false;
          fill(failure);
        } else others += 1;
      }
    }
    if (!others) return;
    fill(notice, "There are new runs. ", button("Show them", load));
    notice.hidden = false;
  }

  const search = h("input", { type: "search", placeholder: "Name contains …", "aria-label": "Name contains", value: state.name ?? "", autocomplete: "off", on: { change: (event) => change({ name: event.target.value.trim() }) } });
  const where = whereLine({ members: () => [...members.of("parameters"), ...members.of("results")], add: (condition) => change({ where: [...state.where, condition] }) });
  const element = h(
    "section",
    { "aria-label": "Runs" },
    h("div", { class: "tools" }, where, search, statuses),
    conditions,
    h("div", { class: "tools" }, compare, button("Columns", choose), button("Save as CSV", saveCsv)),
    notice,
    failure,
    grid.element,
  );
  showSelection();
  await load();
  return { element, onChanges, showCounts };
}

function plainCell(run, id) {
  if (id === "name") return runLink(run.id, run.name);
  if (id === "status") return statusBadge(run.status);
  if (id.endsWith("_at")) return when(run[id]);
  return h("bdi", {}, run[id] ?? "");
}

function empty(simulation, isFiltered, clear) {
  if (isFiltered) return h("div", { class: "empty" }, h("h2", {}, "No run fulfils these conditions"), button("Clear them", clear));
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "Record the first run"),
    code(`gf run -s ${shellQuoted(simulation.name)} -p alpha=12deg -- ./solver case`),
    h("p", {}, "Or from Python:"),
    code(`with goatfish.Client().run(${JSON.stringify(simulation.name)}, parameters={"alpha": (12, "deg")}) as run:\n    run.results(cl=1.21)`),
  );
}

function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
