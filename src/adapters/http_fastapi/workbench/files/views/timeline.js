/** Simulations on a time axis: the plan as a bar, the runs as marks. */

import { fill, h, svg } from "../lib/dom.js";
import { DAY, dayEnd, dayStart, ticks } from "../lib/days.js";
import { moment } from "../lib/format.js";
import { pager } from "../lib/lists.js";
import { queue } from "../lib/queue.js";
import { link } from "../lib/router.js";
import { button, simulationLink } from "../ui/pieces.js";

const ROW = 32; // px
const BEYOND = 6; // rows drawn above and below what is in sight
const SHORTEST = 3600e3; // ms, of what can be seen at once
const LONGEST = 9999 * 366 * DAY;
const SETTLE = 250; // ms without movement, after which runs of the time in sight are asked for
const RUNS = 100; // asked for at a time

export async function timeline({ context, params }) {
  const sort = params.sort === "-created_at" ? "start_date" : params.sort;
  const list = pager(context, "/simulations", { ...params, sort });
  const first = await list.next();
  const simulations = first ?? [];
  const known = new Set(simulations.map((each) => each.id));
  const runs = new Map(); // by simulation: {marks: Map, hasMore, asked}
  const state = { from: 0, to: 1, moved: false };
  const axis = svg("svg", { class: "axis", "aria-hidden": "true" });
  const rows = h("div", { class: "timeline-rows" });
  const now = h("div", { class: "today", title: "Now" });
  const status = h("span", { class: "muted", role: "status" });
  const area = h("div", { class: "timeline-area", tabindex: "0", role: "group", "aria-label": "Timeline. Arrow keys move it, plus and minus zoom. The table shows the same simulations." }, h("div", { class: "timeline-head" }, axis), rows, now);
  const drawn = new Map();
  const later = queue(3);
  let frame = null;
  const soon = () => (frame ??= requestAnimationFrame(() => ((frame = null), draw())));
  let settling = null;

  const labelWidth = () => (area.clientWidth < 600 ? 120 : 280);
  const plotWidth = () => Math.max(area.clientWidth - labelWidth(), 50);
  const x = (time) => ((time - state.from) / (state.to - state.from)) * plotWidth();

  function fit() {
    const starts = simulations.map((each) => dayStart(each.start_date)).sort((a, b) => a - b);
    const ends = simulations.map((each) => dayEnd(each.end_date)).sort((a, b) => a - b);
    const cut = simulations.length >= 20 ? Math.floor(simulations.length / 50) : 0; // a few far away do not squeeze all others
    view(starts[cut] ?? Date.now(), ends.at(-1 - cut) ?? Date.now() + DAY, 0.03);
  }

  function view(from, to, margin = 0) {
    const middle = (from + to) / 2;
    const half = (Math.min(Math.max(to - from, SHORTEST), LONGEST) / 2) * (1 + 2 * margin);
    state.from = middle - half;
    state.to = middle + half;
    area.dataset.from = new Date(Math.max(state.from, -6e13)).toISOString();
    area.dataset.to = new Date(Math.min(state.to, 2.6e14)).toISOString();
    soon();
    clearTimeout(settling);
    settling = setTimeout(askAgain, SETTLE);
  }

  function zoom(factor, at = 0.5) {
    state.moved = true;
    const time = state.from + (state.to - state.from) * at;
    view(time - (time - state.from) * factor, time + (state.to - time) * factor);
  }

  function move(part) {
    state.moved = true;
    const by = (state.to - state.from) * part;
    view(state.from + by, state.to + by);
  }

  function toNow() {
    state.moved = true;
    const half = Math.min((state.to - state.from) / 2, 30 * DAY);
    view(Date.now() - half, Date.now() + half);
  }

  function draw() {
    if (!area.isConnected) return;
    const [width, labels] = [plotWidth(), labelWidth()];
    area.style.setProperty("--labels", `${labels}px`);
    drawAxis(width);
    rows.style.height = `${simulations.length * ROW}px`;
    const top = Math.max(0, area.scrollTop - rows.offsetTop);
    const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
    const last = Math.min(simulations.length, Math.ceil((area.scrollTop + area.clientHeight) / ROW) + BEYOND);
    const wanted = new Set(simulations.slice(first, last).map((each) => each.id));
    for (const [id, made] of drawn)
      if (!wanted.has(id)) {
        made.remove();
        drawn.delete(id);
      }
    for (let index = first; index < last; index += 1) drawRow(simulations[index], index, width);
    const today = x(Date.now());
    now.hidden = today < 0 || today > width;
    now.style.left = `${labels + today}px`;
    now.style.height = `${rows.offsetTop + simulations.length * ROW}px`;
  }

  function drawAxis(width) {
    const marks = ticks(state.from, state.to, Math.max(2, Math.floor(width / 110)));
    axis.setAttribute("width", width);
    axis.setAttribute("height", 24);
    fill(axis, marks.map(({ at, label }) => [svg("line", { x1: x(at), x2: x(at), y1: 16, y2: 24 }), x(at) < width - 70 && svg("text", { x: x(at) + 4, y: 15 }, label)]));
  }

  function drawRow(simulation, index, width) {
    let made = drawn.get(simulation.id);
    if (!made || made.simulation !== simulation) {
      made?.remove();
      made = h("div", { class: "timeline-row" }, h("div", { class: "timeline-name" }, simulationLink(simulation.id, simulation.name), h("span", { class: "more-runs muted" })), svg("svg", { height: ROW }));
      made.simulation = simulation;
      drawn.set(simulation.id, made);
      rows.append(made);
      ask(simulation.id);
    }
    made.style.top = `${index * ROW}px`;
    const plot = made.lastChild;
    plot.setAttribute("width", width);
    const own = runs.get(simulation.id);
    fill(plot, bar(simulation, width), [...(own?.marks.values() ?? [])].map((run) => mark(run, width)));
    made.querySelector(".more-runs").textContent = own?.hasMore ? "more runs than drawn: zoom in" : "";
  }

  function bar(simulation, width) {
    const [left, right] = [Math.max(x(dayStart(simulation.start_date)), -10), Math.min(x(dayEnd(simulation.end_date)), width + 10)];
    if (right < 0 || left > width) return null;
    return svg("rect", { class: "plan", x: left, y: 5, width: Math.max(right - left, 2), height: 11, rx: 2 }, svg("title", {}, `${simulation.name}: ${simulation.start_date} to ${simulation.end_date}`));
  }

  function mark(run, width) {
    const begin = new Date(run.started_at ?? run.created_at).getTime();
    const end = run.finished_at ? new Date(run.finished_at).getTime() : run.status === "running" ? Date.now() : begin;
    const left = x(begin);
    const right = Math.max(x(end), left + 3);
    if (right < 0 || left > width) return null;
    const text = `${run.name ?? `Run ${run.id.slice(-12)}`}, ${run.status}, ${moment(run.started_at ?? run.created_at)}`;
    const at = Math.max(left, -5);
    return svg("a", { href: link(["runs", run.id]), tabindex: "-1", "aria-label": text }, svg("rect", { class: "mark", dataset: { status: run.status }, x: at, y: 18, width: Math.min(right, width + 5) - at, height: 8, rx: 1 }, svg("title", {}, text)));
  }

  /** The latest runs of a simulation; where it has more, those of the time in sight. */
  async function ask(id, inSight = {}) {
    if (!context.can("runs:read")) return;
    const own = runs.get(id) ?? { marks: new Map(), hasMore: false };
    runs.set(id, own);
    try {
      const page = await later(async () => {
        if (!drawn.has(id)) return null; // scrolled past
        return context.api.get("/runs", { simulation_id: id, limit: RUNS, ...inSight }, context.signal);
      });
      if (!page) {
        if (!own.marks.size) runs.delete(id);
        return;
      }
      for (const run of page.items) own.marks.set(run.id, run);
      own.hasMore = Boolean(page.next_cursor);
      own.many ||= own.hasMore;
      soon();
    } catch (error) {
      if (error.name !== "AbortError") runs.delete(id); // asked for again when it is drawn again
    }
  }

  function askAgain() {
    const inSight = { started_from: area.dataset.from, started_to: area.dataset.to };
    if (new Date(state.from).getFullYear() < 1 || new Date(state.to).getFullYear() > 9999) return;
    for (const id of drawn.keys()) if (runs.get(id)?.many) ask(id, inSight);
  }

  function add(made) {
    for (const each of made) if (!known.has(each.id)) simulations.push(each); // one that has just been made comes twice
    for (const each of made) known.add(each.id);
    if (sort === "start_date") simulations.sort((a, b) => (a.start_date < b.start_date ? -1 : a.start_date > b.start_date ? 1 : a.id < b.id ? -1 : 1));
  }

  async function loadAll() {
    while (!list.ended) {
      say();
      add((await list.next()) ?? []);
      if (!state.moved) fit();
      soon();
    }
    say();
  }

  const say = () => (status.textContent = `${simulations.length} simulations${list.ended ? "" : " so far …"}`);

  const keys = { ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1.4) };
  area.addEventListener("keydown", (event) => {
    const act = !event.ctrlKey && !event.metaKey && keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  area.addEventListener("scroll", soon, { passive: true });
  area.addEventListener(
    "wheel",
    (event) => {
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (!event.ctrlKey && Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
      event.preventDefault();
      if (event.ctrlKey) zoom(Math.exp(event.deltaY / 300), (event.clientX - area.getBoundingClientRect().left - labelWidth()) / plotWidth());
      else move(sideways / plotWidth());
    },
    { passive: false },
  );
  dragging(area, (part) => move(part), plotWidth, (factor) => zoom(factor));
  new ResizeObserver(soon).observe(area);
  fit();
  state.moved = false;
  loadAll().catch((error) => error.name !== "AbortError" && (status.textContent = error.message));
  const again = () => {
    state.moved = false;
    fit();
  };
  return {
    isEmpty: simulations.length === 0,
    element: h(
      "section",
      { class: "timeline", "aria-label": "Timeline" },
      h("div", { class: "tools" }, button("Fit all", again), button("Today", toNow), button("−", () => zoom(1.5), { "aria-label": "Zoom out" }), button("+", () => zoom(1 / 1.5), { "aria-label": "Zoom in" }), legend(), status),
      area,
    ),
    onChange(revisions, isFiltered) {
      let all = true;
      for (const { action, id, after } of revisions) {
        const index = known.has(id) ? simulations.findIndex((each) => each.id === id) : -1;
        if (action === "deleted" && index >= 0) simulations.splice(index, 1);
        else if (index >= 0) simulations[index] = after;
        else if (action === "created" && !isFiltered) add([after]);
        else if (action === "created") all = false;
      }
      say();
      soon();
      return all;
    },
    onRuns(revisions) {
      for (const { id, before, after } of revisions) {
        runs.get(before?.simulation_id)?.marks.delete(id);
        if (after) runs.get(after.simulation_id)?.marks.set(id, after);
      }
      soon();
    },
  };
}

function legend() {
  const entries = ["queued", "running", "succeeded", "failed", "cancelled"].map((status) => h("span", { class: "key" }, svg("svg", { width: 10, height: 10, "aria-hidden": "true" }, svg("rect", { class: "mark", dataset: { status }, width: 10, height: 10, rx: 1 })), status));
  return h("span", { class: "legend" }, h("span", { class: "key" }, svg("svg", { width: 16, height: 10, "aria-hidden": "true" }, svg("rect", { class: "plan", width: 16, height: 10, rx: 2 })), "plan"), entries);
}

/** Moves by dragging with one pointer, zooms with two. A click on a link stays a click. */
function dragging(area, move, width, zoom) {
  const pointers = new Map();
  let dragged = false;
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".timeline-name")) return;
    pointers.set(event.pointerId, event);
    dragged = false;
  });
  area.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const by = event.clientX - last.clientX;
    if (!dragged && Math.abs(by) < 4) return;
    if (!dragged) area.setPointerCapture(event.pointerId);
    dragged = true;
    const [other] = [...pointers.values()].filter((each) => each.pointerId !== event.pointerId);
    if (other) {
      const [old, now] = [Math.abs(last.clientX - other.clientX), Math.abs(event.clientX - other.clientX)];
      if (old > 10 && now > 10) zoom(old / now);
    } else move(-by / width());
    pointers.set(event.pointerId, event);
  });
  const end = (event) => pointers.delete(event.pointerId);
  area.addEventListener("pointerup", end);
  area.addEventListener("pointercancel", end);
  area.addEventListener("click", (event) => dragged && event.preventDefault(), true);
  area.addEventListener("dragstart", (event) => event.preventDefault());
}
