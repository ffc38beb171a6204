/** Plots of a simulation's runs: any parameter against any result, results over time, boxes by label. */

import { fill, h, svg } from "../lib/dom.js";
import { csvRow, readRuns } from "../lib/csv.js";
import { button, download, problem } from "../ui/pieces.js";
import { saveSvg, savePng } from "../ui/plot/save.js";
import { draw } from "../ui/plot/draw.js";
import { SHAPES, categoryColour, rampColour } from "../ui/plot/colours.js";

const KINDS = [
  ["scatter", "Scatter"],
  ["time", "Over time"],
  ["box", "Box by group"],
];
const MOST = 10000; // runs that are drawn
const REDRAW = 1500; // ms in which changes are gathered

export async function plotsTab({ context, simulation, state, changed }) {
  const stage = h("div", { class: "stage" });
  const legend = h("div", { class: "plot-legend" });
  const words = h("p", { class: "muted", role: "status" });
  const controls = h("div", { class: "tools" });
  let data = null;
  let drawn = null;

  async function load() {
    const { name, status, label, where } = state;
    try {
      const response = await context.api.fetch("GET", `/simulations/${simulation.id}/runs.csv`, { params: { name, status, label, where }, signal: context.signal });
      data = await readRuns(response, MOST);
      choose();
      show();
    } catch (error) {
      if (error.name !== "AbortError") fill(stage, problem(error, load));
    }
  }

  const numeric = () => data.columns.filter((each) => each.numeric && each.group !== "plain");
  const groups = () => data.columns.filter((each) => (each.group === "labels" || (each.group !== "plain" && !each.numeric && each.filled) || ["status", "solver"].includes(each.id)) && each.values > 0);
  const column = (id) => data.columns.find((each) => each.id === id);

  /** What is drawn where the address does not say. */
  function choose() {
    const varying = numeric().filter((each) => each.values > 1);
    const most = (columns) => columns.reduce((best, each) => (each.values > (best?.values ?? 0) ? each : best), undefined);
    const first = (group) => most(varying.filter((each) => each.group === group)) ?? numeric().find((each) => each.group === group);
    state.kind ||= "scatter";
    if (!numeric().includes(column(state.x))) state.x = (first("parameters") ?? numeric()[0])?.id;
    if (!numeric().includes(column(state.y))) state.y = (first("results") ?? numeric().find((each) => each.id !== state.x) ?? numeric()[0])?.id;
    if (!groups().includes(column(state.group))) state.group = (groups().find((each) => each.group === "labels" && each.values > 1) ?? groups()[0])?.id;
    if (state.colour && !column(state.colour)) delete state.colour;
  }

  function show() {
    if (!numeric().length) {
      fill(controls);
      fill(legend);
      fill(words);
      fill(stage, h("div", { class: "empty" }, h("h2", {}, "Nothing to plot yet"), h("p", {}, "Plots need runs with numbers among their parameters or results, and conditions that leave some of them.")));
      return;
    }
    drawn = draw({ data, state, column, width: Math.max(stage.clientWidth, 280), isWide: stage.clientWidth > 600 });
    fill(controls, choices());
    fill(stage, drawn.element);
    fill(legend, legendOf(drawn.legend));
    fill(words, `${drawn.count} of ${data.rows.length} runs are shown${drawn.count < data.rows.length ? "; the others lack a value" : ""}.${data.isCut ? ` The simulation has more than ${MOST} runs: narrow them down by conditions.` : ""}`);
  }

  function set(changes) {
    Object.assign(state, changes);
    changed();
    show();
  }

  function choices() {
    const select = (name, label, options, none = null) => {
      const element = h("select", { "aria-label": label, on: { change: () => set({ [name]: element.value }) } }, none !== null && h("option", { value: "" }, none), options.map(([id, text]) => h("option", { value: id, selected: state[name] === id }, text)));
      return h("label", {}, label, element);
    };
    const check = (name, label) => h("label", { class: "check" }, h("input", { type: "checkbox", checked: state[name] === "1", on: { change: (event) => set({ [name]: event.target.checked ? "1" : "" }) } }), label);
    const named = (columns) => columns.map((each) => [each.id, each.unit ? `${each.name} [${each.unit}]` : each.name]);
    const file = `${simulation.name.replace(/[^\w -]+/g, "_").slice(0, 60) || "plot"} ${state.kind}`;
    return [
      select("kind", "Plot", KINDS),
      state.kind === "scatter" && select("x", "X", named(numeric())),
      state.kind === "box" && select("group", "Group by", named(groups())),
      select("y", "Y", named(numeric())),
      state.kind !== "box" && select("colour", "Colour", named([...numeric(), ...groups()]), "one"),
      state.kind === "scatter" && check("logx", "Log X"),
      check("logy", "Log Y"),
      button("SVG", () => saveSvg(drawn.picture, file), { "aria-label": "Save as SVG" }),
      button("PNG", () => savePng(drawn.picture, file).catch((error) => fill(words, error.message)), { "aria-label": "Save as PNG" }),
      button("CSV", () => download(`${file}.csv`, new Blob(drawn.table.map(csvRow), { type: "text/csv" })), { "aria-label": "Save the data as CSV" }),
    ];
  }

  let waiting = null;
  context.live.addEventListener(
    "changes",
    ({ detail }) => {
      if (detail.some((each) => each.kind === "run" && [each.before, each.after].some((run) => run?.simulation_id === simulation.id))) waiting ??= setTimeout(() => ((waiting = null), context.signal.aborted || load()), REDRAW);
    },
    { signal: context.signal },
  );
  let width = 0;
  new ResizeObserver(() => {
    if (data && Math.abs(stage.clientWidth - width) > 4) {
      width = stage.clientWidth;
      show();
    }
  }).observe(stage);
  load();
  return h("section", { "aria-label": "Plots" }, controls, legend, stage, words);
}

function legendOf(legend) {
  if (!legend) return null;
  if (legend.ramp) {
    const stops = Array.from({ length: 24 }, (_, index) => svg("rect", { x: index * 5, width: 5.5, height: 10, fill: rampColour(index / 23) }));
    return [h("b", {}, legend.title), h("span", {}, legend.ramp[0]), svg("svg", { class: "ramp", viewBox: "0 0 120 10", preserveAspectRatio: "none", "aria-hidden": "true" }, stops), h("span", {}, legend.ramp[1])];
  }
  return [h("b", {}, legend.title), legend.entries.map(([name, index]) => h("span", { class: "key" }, svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, svg("path", { d: SHAPES[index], fill: categoryColour(index) })), h("bdi", {}, name)))];
}
