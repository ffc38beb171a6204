/** Draws a row for each simulation in sight: its name, its plan as a bar, its runs as marks or as their density. */

import { h, svg } from "../../lib/dom.js";
import { dayEnd, dayStart } from "../../lib/days.js";
import { duration, moment } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { STATUSES, statusBadge } from "../pieces.js";
import { density, total } from "./density.js";

export const ROW = 32; // px
const BEYOND = 6; // rows drawn above and below what is in sight
const MOST_MARKS = 100; // in one row; more are drawn as their density
const TICK = 3; // px, the least width of a mark
const EDGE = 10; // px beyond the edges up to which bars are drawn
const PLAN = { y: 5, height: 11, rx: 2 };
const MARK = { y: 18, height: 8, rx: 1 };
const BOTTOM = 28; // px, where densities stand

/** `time` is a TimeWindow, `runs` are those of timelineRuns, `card` is a hoverCard. */
export function timelineRows({ time, runs, card }) {
  const drawn = new Map(); // {element, plot, plan, note, marks, bins} by simulation
  const element = h("div", { class: "timeline-rows" });

  /** Draws those of the simulations that are in sight of a scrolled area. */
  function draw(simulations, area) {
    const above = area.scrollTop - element.offsetTop;
    const first = Math.max(0, Math.floor(above / ROW) - BEYOND);
    const inSight = simulations.slice(first, Math.ceil((above + area.clientHeight) / ROW) + BEYOND);
    const wanted = new Set(inSight.map((each) => each.id));
    element.style.height = `${simulations.length * ROW}px`;
    for (const id of [...drawn.keys()].filter((each) => !wanted.has(each))) leave(id);
    let before = null;
    inSight.forEach((simulation, index) => {
      const row = rowOf(simulation);
      row.element.style.top = `${(first + index) * ROW}px`;
      if ((before ? before.nextSibling : element.firstChild) !== row.element) element.insertBefore(row.element, before ? before.nextSibling : element.firstChild);
      before = row.element;
      drawRow(row);
    });
  }

  function leave(id) {
    drawn.get(id).element.remove();
    drawn.delete(id);
    runs.leave(id);
  }

  function rowOf(simulation) {
    const row = drawn.get(simulation.id) ?? newRow();
    if (!drawn.has(simulation.id)) {
      drawn.set(simulation.id, row);
      setTimeout(() => drawn.get(simulation.id) === row && runs.ask(simulation.id)); // the rows are painted first
    }
    if (row.simulation !== simulation) {
      row.simulation = simulation;
      row.plan.setAttribute("href", link(["simulations", simulation.id]));
      row.link.setAttribute("href", link(["simulations", simulation.id]));
      row.link.firstChild.textContent = simulation.name;
      row.unseen.textContent = `, planned from ${simulation.start_date} to ${simulation.end_date}`;
    }
    return row;
  }

  function newRow() {
    const row = { marks: new Map(), bins: null, simulation: null };
    row.note = h("span", { class: "timeline-note muted" });
    row.link = h("a", {}, h("bdi", {}));
    row.unseen = h("span", { class: "unseen" });
    row.name = h("div", { class: "timeline-name" }, row.link, row.unseen, row.note);
    row.plan = svg("a", { tabindex: "-1", "aria-hidden": "true" }, svg("rect", { class: "plan", ...PLAN }));
    row.paths = STATUSES.map((status) => svg("path", { class: "part", dataset: { status } }));
    row.dense = svg("g", { class: "dense", role: "img" }, row.paths, svg("rect", { class: "catch", y: MARK.y - 1, height: ROW - MARK.y })); // the pointer need not be exact
    row.runs = svg("g", {});
    row.plot = svg("svg", { height: ROW }, row.plan, row.dense, row.runs);
    row.element = h("div", { class: "timeline-row", role: "listitem" }, row.name, row.plot);
    row.name.addEventListener("focusin", () => showCard(planLines(row.simulation), row.name));
    row.name.addEventListener("pointerenter", () => showCard(planLines(row.simulation), row.name));
    row.plan.addEventListener("pointermove", (event) => card.show(planLines(row.simulation), event.clientX, event.clientY));
    row.dense.addEventListener("pointermove", (event) => card.show(partLines(row, event), event.clientX, event.clientY));
    for (const part of [row.name, row.plan, row.dense]) part.addEventListener("pointerleave", card.hide);
    row.name.addEventListener("focusout", card.hide);
    row.runs.addEventListener("keydown", (event) => step(row, event));
    return row;
  }

  function drawRow(row) {
    row.plot.setAttribute("width", time.width);
    place(row.plan.firstChild, time.x(dayStart(row.simulation.start_date)), time.x(dayEnd(row.simulation.end_date)), 2);
    const own = runs.of(row.simulation.id);
    if (row.note.textContent !== own.note) row.note.textContent = own.note;
    const now = Date.now();
    const inSight = own.runs.filter((run) => run.begin <= time.to && endOf(run, now) >= time.from);
    const isDense = inSight.length > MOST_MARKS;
    drawMarks(row, isDense ? [] : inSight, now);
    drawDensity(row, isDense ? inSight : []);
  }

  /** Marks are kept while they are in sight: one that has the focus keeps it. */
  function drawMarks(row, inSight, now) {
    const wanted = new Set(inSight.map((run) => run.id));
    for (const [id, mark] of row.marks)
      if (!wanted.has(id)) {
        mark.remove();
        row.marks.delete(id);
      }
    let before = null;
    for (const run of inSight) {
      const mark = markOf(row, run);
      place(mark.firstChild, time.x(run.begin), time.x(endOf(run, now)), TICK);
      const next = before ? before.nextSibling : row.runs.firstChild;
      if (next !== mark) row.runs.insertBefore(mark, next);
      before = mark;
    }
    if (before && !row.runs.querySelector('[tabindex="0"]')) before.setAttribute("tabindex", "0");
  }

  function markOf(row, run) {
    let mark = row.marks.get(run.id);
    if (mark?.run === run) return mark;
    if (!mark) {
      mark = svg("a", { href: link(["runs", run.id]), tabindex: "-1" }, svg("rect", { class: "mark", ...MARK }));
      mark.addEventListener("pointermove", (event) => card.show(runLines(mark.run), event.clientX, event.clientY));
      mark.addEventListener("focus", () => showCard(runLines(mark.run), mark));
      for (const event of ["pointerleave", "blur"]) mark.addEventListener(event, card.hide);
      row.marks.set(run.id, mark);
    }
    mark.run = run;
    mark.firstChild.dataset.status = run.status;
    mark.setAttribute("aria-label", `${nameOf(run)}, ${run.status}, ${moment(run.begin)}`);
    return mark;
  }

  function drawDensity(row, inSight) {
    row.dense.setAttribute("display", inSight.length ? "inline" : "none");
    row.bins = inSight.length ? density(inSight, time, BOTTOM) : null;
    if (!row.bins) return;
    for (const path of row.paths) path.setAttribute("d", row.bins.paths[path.dataset.status] ?? "");
    row.dense.setAttribute("aria-label", `${inSight.length} runs`);
    row.dense.lastChild.setAttribute("width", time.width);
  }

  /** Sets a bar from one place to another; it has a width of at least `least` px, and ends soon beyond the edges. */
  function place(rect, left, right, least) {
    const from = Math.max(left, -EDGE);
    const to = Math.min(Math.max(right, left + least), time.width + EDGE);
    rect.setAttribute("x", from.toFixed(1));
    rect.setAttribute("width", Math.max(to - from, 0).toFixed(1));
  }

  function partLines(row, event) {
    const { length, parts } = row.bins;
    const number = Math.floor(time.at(event.clientX - row.plot.getBoundingClientRect().left) / length);
    const counts = parts.get(number);
    if (!counts) return [];
    return [`${total(counts) === 1 ? "1 run begins" : `${total(counts)} runs begin`} from ${moment(number * length)} to ${moment((number + 1) * length)}`, ...STATUSES.filter((status) => counts[status]).map((status) => [statusBadge(status), ` ${counts[status]}`]), "Zoom in to see each"];
  }

  /** Shows what an element tells below it. */
  function showCard(lines, element) {
    const { left, bottom } = element.getBoundingClientRect();
    card.show(lines, left, bottom);
  }

  return { element, draw, ids: () => [...drawn.keys()] };
}

/** Arrow keys go from mark to mark; only one in each row is a stop of the tab key. */
function step(row, event) {
  const by = { ArrowLeft: "previousSibling", ArrowRight: "nextSibling" }[event.key];
  const next = by && event.target[by];
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  event.target.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

/** Until when a run lasts: a running one until now, one that has not started for a moment. */
function endOf(run, now) {
  return run.end ?? (run.status === "running" ? Math.max(now, run.begin) : run.begin);
}

function nameOf(run) {
  return run.name ?? `Run ${run.id.slice(-12)}`;
}

function planLines(simulation) {
  return [h("b", {}, h("bdi", {}, simulation.name)), `Planned from ${simulation.start_date} to ${simulation.end_date}`];
}

function runLines(run) {
  const lasted = run.end === null ? "" : duration(run.begin, run.end);
  return [h("b", {}, h("bdi", {}, nameOf(run))), [statusBadge(run.status), lasted && ` after ${lasted}`], moment(run.begin)];
}
