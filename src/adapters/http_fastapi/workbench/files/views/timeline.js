/** Simulations on a time axis: the plan as a bar, the runs as marks. */

import { fill, h, svg } from "../lib/dom.js";
import { DAY, dayEnd, dayStart, ticks } from "../lib/days.js";
import { pager } from "../lib/lists.js";
import { STATUSES, button } from "../ui/pieces.js";
import { hoverCard } from "../ui/timeline/card.js";
import { gestures } from "../ui/timeline/gestures.js";
import { ROW, timelineRows } from "../ui/timeline/rows.js";
import { timelineRuns } from "../ui/timeline/runs.js";
import { TimeWindow } from "../ui/timeline/window.js";
import { takeOver } from "./simulation_filters.js";

const SETTLE = 250; // ms without movement, after which the address has the window, and runs are asked for
const MINUTE = 60e3; // ms between two moves of the line of today
const [NARROW, LABELS, NARROW_LABELS] = [600, 280, 120]; // px
const HEAD = 24; // px, the height of the axis
const TICK_ROOM = 120; // px
const LETTER = 6.5; // px, about the width of one: a label that does not fit is left out

/** `between` is `[from, to]`, ISO texts, where the address has them; `onWindow(from, to)` is told what is in sight, once it is still; `tools` stand among the buttons. */
export async function timeline({ context, params, between = null, onWindow, tools }) {
  const list = pager(context, "/simulations", params);
  let simulations = await list.next();
  let frame = null;
  let settling = null;
  const soon = () => (frame ??= requestAnimationFrame(() => ((frame = null), draw())));
  const time = new TimeWindow(() => {
    Object.assign(area.dataset, { from: new Date(time.from).toISOString(), to: new Date(time.to).toISOString() });
    card.hide();
    soon();
    clearTimeout(settling);
    settling = setTimeout(settled, SETTLE);
  });
  const card = hoverCard();
  const runs = timelineRuns({ context, changed: soon });
  const rows = timelineRows({ time, runs, card });
  const axis = svg("svg", { class: "axis", height: HEAD, "aria-hidden": "true" });
  const lines = svg("svg", { class: "axis-lines", "aria-hidden": "true" });
  const now = h("div", { class: "today", title: "Now" });
  const status = h("span", { class: "muted", role: "status" });
  rows.element.setAttribute("role", "list");
  const area = h(
    "div",
    { class: "timeline-area", tabindex: "0", role: "group", "aria-label": "Timeline. Left and right arrow keys move it, plus and minus zoom. The table has the same simulations." },
    h("div", { class: "timeline-head" }, axis),
    lines,
    rows.element,
    now,
  );
  const labels = () => (area.clientWidth < NARROW ? NARROW_LABELS : LABELS);

  function draw() {
    if (!area.isConnected) return;
    time.width = Math.max(area.clientWidth - labels(), 50);
    area.style.setProperty("--labels", `${labels()}px`);
    drawAxis();
    rows.draw(simulations, area);
    const today = time.x(Date.now());
    now.hidden = today < 0 || today > time.width;
    now.style.left = `${labels() + today}px`;
    now.style.height = `${HEAD + simulations.length * ROW}px`;
  }

  function drawAxis() {
    const { width } = time;
    const made = ticks(time.from, time.to, Math.max(2, Math.floor(width / TICK_ROOM))).map(({ at, label }) => ({ x: time.x(at), label }));
    const height = simulations.length * ROW;
    axis.setAttribute("width", width);
    lines.setAttribute("width", width);
    lines.setAttribute("height", height);
    fill(axis, made.map(({ x, label }) => [svg("line", { x1: x, x2: x, y1: 16, y2: HEAD }), x + 4 + label.length * LETTER < width && svg("text", { x: x + 4, y: 15 }, label)]));
    fill(lines, made.map(({ x }) => svg("line", { x1: x, x2: x, y1: 0, y2: height })));
  }

  function fit() {
    const starts = simulations.map((each) => dayStart(each.start_date)).sort((a, b) => a - b);
    const ends = simulations.map((each) => dayEnd(each.end_date)).sort((a, b) => a - b);
    const cut = simulations.length >= 20 ? Math.floor(simulations.length / 50) : 0; // a few far away do not squeeze all others
    time.isChosen = false;
    time.show(starts[cut] ?? Date.now(), ends.at(-1 - cut) ?? Date.now() + DAY, 0.03);
  }

  function settled() {
    if (context.signal.aborted) return;
    onWindow(...(time.isChosen ? [area.dataset.from, area.dataset.to] : ["", ""]));
    for (const id of rows.ids()) runs.askTime(id, time.from, time.to);
  }

  function say() {
    const count = simulations.length === 1 ? "1 simulation" : `${simulations.length} simulations`;
    status.textContent = `${count}${list.ended ? "" : " so far …"}${context.can("runs:read") ? "" : "; their runs are not shown, as this key lacks the scope runs:read"}`;
  }

  async function loadAll() {
    say();
    while (!list.ended) {
      const page = await list.next();
      const known = new Set(simulations.map((each) => each.id)); // the feed may have brought some already
      simulations = simulations.concat(page.filter((each) => !known.has(each.id)));
      if (!time.isChosen) fit();
      say();
      soon();
    }
  }

  gestures(area, time, labels);
  area.addEventListener("scroll", () => (card.hide(), soon()), { passive: true });
  const resized = new ResizeObserver(soon);
  resized.observe(area);
  const clock = setInterval(soon, MINUTE);
  context.signal.addEventListener("abort", () => (resized.disconnect(), clearInterval(clock), clearTimeout(settling)));
  const [from, to] = (between ?? []).map((each) => Date.parse(each));
  if (from < to) time.choose(from, to);
  else fit();
  loadAll().catch((error) => error.name !== "AbortError" && fill(status, `${error.message} `, button("Try again", () => loadAll().catch(() => say()))));

  return {
    isEmpty: simulations.length === 0,
    element: h(
      "section",
      { class: "timeline", "aria-label": "Timeline" },
      h(
        "div",
        { class: "tools" },
        button("Fit all", fit),
        button("Today", () => time.showNow()),
        button("−", () => time.zoom(1.5), { "aria-label": "Zoom out" }),
        button("+", () => time.zoom(1 / 1.5), { "aria-label": "Zoom in" }),
        tools,
        legend(),
        status,
      ),
      area,
      card.element,
    ),
    onChange(revisions) {
      simulations = takeOver(simulations, revisions, params, list);
      say();
      soon();
    },
    onRuns: (revisions) => runs.follow(revisions),
  };
}

function legend() {
  const key = (text, width, rect) => h("span", { class: "key" }, svg("svg", { width, height: 10, "aria-hidden": "true" }, svg("rect", { width, height: 10, rx: 1, ...rect })), text);
  return h(
    "span",
    { class: "legend" },
    key("plan", 16, { class: "plan" }),
    STATUSES.map((status) => key(status, 10, { class: "mark", dataset: { status } })),
  );
}
