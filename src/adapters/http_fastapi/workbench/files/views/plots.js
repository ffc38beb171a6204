/** Plots of a simulation's runs: any parameter against any result, results over time, boxes by label. */

import { fill, h } from "../lib/dom.js";
import { csvRow, readRuns } from "../lib/csv.js";
import { value } from "../lib/format.js";
import { button, download, fileName, problem } from "../ui/pieces.js";
import { saveSvg, savePng } from "../ui/plot/save.js";
import { MOMENTS, draw, titleOf } from "../ui/plot/draw.js";
import { legendOf } from "../ui/plot/legend.js";

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
  const words = h("p", { class: "muted", role: "status" }, "The runs are being loaded …");
  const numbers = h("div", {});
  const controls = h("div", { class: "tools" });
  const conditions = h("div", { class: "chips conditions" });
  let data = null;
  let drawn = null;
  let offered = null; // what the controls offer

  async function load() {
    const { name, status, label, where } = state;
    try {
      const response = await context.api.fetch("GET", `/simulations/${simulation.id}/runs.csv`, { params: { name, status, label, where }, signal: context.signal });
      data = await readRuns(response, MOST);
      choose();
      show();
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(words);
      fill(stage, problem(error, load));
    }
  }

  /** Says which runs are drawn, where it is not all of them. */
  function showConditions() {
    const { name, status, label, where } = state;
    const texts = [name && `name contains ${name}`, status?.replaceAll(",", " or "), ...label.map((each) => `label ${each}`), ...where].filter(Boolean);
    fill(conditions, texts.length > 0 && ["Only runs with", texts.map((text) => h("span", { class: "chip" }, h("bdi", {}, text))), button("Plot all runs", plotAll)]);
  }

  function plotAll() {
    Object.assign(state, { name: "", status: "", label: [], where: [] });
    changed();
    showConditions();
    return reload();
  }

  const numeric = () => data.columns.filter((each) => each.numeric && each.group !== "plain");
  const groups = () => data.columns.filter((each) => groupable(each) && each.values > 0);
  const groupable = (each) => each.group === "labels" || (each.group !== "plain" && !each.numeric && each.filled) || ["status", "solver"].includes(each.id);
  const column = (id) => data.columns.find((each) => each.id === id);

  /** What is drawn where the address does not say. */
  function choose() {
    const varying = numeric().filter((each) => each.values > 1);
    const most = (columns) => columns.reduce((best, each) => (each.values > (best?.values ?? 0) ? each : best), undefined);
    const first = (group) => most(varying.filter((each) => each.group === group)) ?? numeric().find((each) => each.group === group);
    if (!KINDS.some(([kind]) => kind === state.kind)) state.kind = "scatter";
    if (!numeric().includes(column(state.x))) state.x = (first("parameters") ?? numeric()[0])?.id;
    if (!numeric().includes(column(state.y))) state.y = (first("results") ?? numeric().find((each) => each.id !== state.x) ?? numeric()[0])?.id;
    if (!groups().includes(column(state.group))) state.group = (groups().find((each) => each.group === "labels" && each.values > 1) ?? groups()[0])?.id;
    if (state.colour && !column(state.colour)) delete state.colour;
  }

  function show() {
    if (stage.matches(":active")) return addEventListener("pointerup", () => setTimeout(show), { once: true }); // a press is not lost
    if (!numeric().length) {
      fill(controls);
      for (const each of [legend, numbers, words]) fill(each);
      offered = null;
      fill(stage, h("div", { class: "empty" }, h("h2", {}, "Nothing to plot yet"), h("p", {}, "Plots need runs with numbers among their parameters or results, and conditions that leave some of them.")));
      return;
    }
    const pointed = drawn?.pointedAt();
    const isFocused = stage.contains(document.activeElement);
    drawn = draw({ data, state, column, width: Math.max(stage.clientWidth, 280), isWide: stage.clientWidth > 600 });
    offer();
    fill(stage, drawn.element);
    if (isFocused) drawn.picture.focus();
    if (pointed) drawn.pointAt(pointed);
    fill(legend, legendOf(drawn.legend));
    fill(numbers, drawn.boxes && boxTable(drawn.boxes));
    fill(words, said(drawn.counts, data));
  }

  /** Shows the choices anew only where they have changed, so that an open list stays open while runs come in. */
  function offer() {
    const now = JSON.stringify([state.kind, [...numeric(), ...groups()].map((each) => [each.id, titleOf(each)])]);
    if (now === offered) return;
    offered = now;
    const focused = controls.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    fill(controls, choices());
    if (focused) controls.querySelector(`[aria-label="${focused}"]`)?.focus();
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
    const check = (name, label) => h("label", { class: "check" }, h("input", { type: "checkbox", "aria-label": label, checked: state[name] === "1", on: { change: (event) => set({ [name]: event.target.checked ? "1" : "" }) } }), label);
    const named = (columns) => columns.map((each) => [each.id, titleOf(each)]);
    const file = `${fileName(simulation.name)} ${state.kind}`;
    const failed = (error) => fill(words, error.message);
    return [
      select("kind", "Plot", KINDS),
      state.kind === "scatter" && select("x", "X", named(numeric())),
      state.kind === "time" && select("moment", "Time", MOMENTS),
      state.kind === "box" && select("group", "Group by", named(groups())),
      select("y", "Y", named(numeric())),
      state.kind !== "box" && select("colour", "Colour", named([...numeric(), ...groups()]), "one"),
      state.kind === "scatter" && check("logx", "Log X"),
      check("logy", "Log Y"),
      button("SVG", () => saveSvg(drawn.picture, drawn.legend, file), { "aria-label": "Save as SVG" }),
      button("PNG", () => savePng(drawn.picture, drawn.legend, file).catch(failed), { "aria-label": "Save as PNG" }),
      button("CSV", () => download(`${file}.csv`, new Blob(drawn.table.map(csvRow), { type: "text/csv" })), { "aria-label": "Save the data as CSV" }),
    ];
  }

  let waiting = null; // until what has changed is loaded; one load follows another, so that the last is the newest
  let loading = load();
  async function reload() {
    await loading;
    waiting = null;
    if (!context.signal.aborted) loading = load();
  }
  showConditions();
  context.live.addEventListener(
    "changes",
    ({ detail }) => {
      if (detail.some((each) => each.kind === "run" && [each.before, each.after].some((run) => run?.simulation_id === simulation.id))) waiting ??= setTimeout(reload, REDRAW);
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
  const redraw = () => data && show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal: context.signal });
  const themes = new MutationObserver(redraw);
  themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  context.signal.addEventListener("abort", () => themes.disconnect());
  return h("section", { "aria-label": "Plots" }, conditions, controls, legend, stage, words, numbers);
}

/** How many runs are shown, and why others are not. */
function said({ shown, lacking, notPositive, otherGroups }, data) {
  const reasons = [
    lacking && `${lacking} ${lacking === 1 ? "lacks" : "lack"} a value`,
    notPositive && `${notPositive} ${notPositive === 1 ? "has" : "have"} none above 0, which a logarithmic axis needs`,
    otherGroups && `${otherGroups} ${otherGroups === 1 ? "is" : "are"} of smaller groups`,
  ].filter(Boolean);
  const all = `${shown} of ${data.rows.length} ${data.rows.length === 1 ? "run is" : "runs are"} shown${reasons.length ? `; ${reasons.join(", ")}` : ""}.`;
  return data.isCut ? `${all} The simulation has more than ${MOST} runs: narrow them down by conditions.` : all;
}

/** What the boxes show, for whoever reads numbers rather. */
function boxTable(lines) {
  const heads = ["Group", "Runs", "Lower whisker", "Lower quartile", "Median", "Upper quartile", "Upper whisker", "Outliers"];
  const cells = ([name, ...rest]) => [h("th", { scope: "row" }, h("bdi", {}, name)), rest.map((each) => h("td", { class: "end" }, value(each)))];
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of the boxes" },
    h("table", { class: "plain" }, h("thead", {}, h("tr", {}, heads.map((text, index) => h("th", { scope: "col", class: index ? "end" : null }, text)))), h("tbody", {}, lines.map((line) => h("tr", {}, cells(line))))),
    h("p", { class: "muted" }, "Quartiles are interpolated linearly. Whiskers reach to the last runs within 1.5 times the distance of the quartiles; runs beyond them are outliers."),
  );
}
