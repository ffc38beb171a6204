/** Draws the runs of a table as the choices say. */

import { numberIn } from "../../lib/csv.js";
import { nameOrder, moment, value } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { svg } from "../../lib/dom.js";
import { MOST_CATEGORIES, categoryColour, rampColour } from "./colours.js";
import { figure, inner } from "./figure.js";
import { bands, scale } from "./scales.js";
import { box } from "./statistics.js";

const MOST_BANDS = 30; // groups with a box of their own
const OTHERS = "all others";
const NONE = { name: "none", colour: "#888888", shape: 0 };
export const MOMENTS = [
  ["started_at", "started"],
  ["finished_at", "finished"],
  ["created_at", "recorded"],
];

/**
 * Gives `{element, picture, pointedAt, pointAt, counts, legend, table, boxes}`. `data` is of readRuns; `state` has kind, x, y,
 * group, moment, colour, logx and logy; `column(id)` finds a column. `counts` has how many runs are `shown`, `lacking` a
 * value, `notPositive` on a logarithmic axis, and in `otherGroups` than the commonest; `boxes` are lines of a table.
 */
export function draw({ data, state, column, width, isWide }) {
  const height = isWide ? Math.min(width * 0.5, Math.max(360, innerHeight - 400)) : 340;
  const place = inner(width, height);
  const y = column(state.y);
  const across = acrossOf(state, column);
  const isLogX = state.kind === "scatter" && state.logx === "1";
  const isLogY = state.logy === "1";
  const whole = data.rows.map((row) => ({ row, x: across.read(row), y: numberOf(row, y) })).filter((each) => each.x !== null && each.y !== null);
  const rows = whole.filter((each) => !(isLogY && each.y <= 0) && !(isLogX && each.x <= 0));
  const names = state.kind === "box" ? commonest(rows.map((each) => each.x), MOST_BANDS) : null;
  const xScale = names ? bands(names, place.left, place.right) : scale(across.kind ?? (isLogX ? "log" : "linear"), rows.map((each) => each.x), place.left, place.right, Math.max(2, Math.floor(width / 110)));
  const yScale = scale(isLogY ? "log" : "linear", rows.map((each) => each.y), place.bottom, place.top, 6);
  const shown = names ? rows.filter((each) => names.includes(each.x)) : rows;
  const colours = names ? byGroup(names) : colouring(shown, column(state.colour));
  const at = (each) => ({ x: xScale.at(each.x), y: yScale.at(each.y) });
  const boxes = names ? drawBoxes(names, shown, xScale, yScale, colours) : null;
  const lines = state.kind === "time" ? trends(shown, at, colours) : [];
  const marks = (boxes ? boxes.outliers : shown).map((each) => ({ ...at(each), ...colours.of(each), href: link(["runs", each.row[0]]), lines: told(data, each, [across.column, y, column(state.colour)]) }));
  const made = figure({
    name: `${titleOf(y)} ${names ? "by" : "against"} ${across.label}`,
    width,
    height,
    x: { ...xScale, label: across.label },
    y: { ...yScale, label: titleOf(y) },
    shapes: boxes ? boxes.shapes : lines,
    marks,
  });
  const extra = state.colour && !names ? column(state.colour) : null;
  return {
    ...made,
    counts: { shown: shown.length, lacking: data.rows.length - whole.length, notPositive: whole.length - rows.length, otherGroups: rows.length - shown.length },
    boxes: boxes?.table ?? null,
    legend: names ? null : colours.legend,
    table: [["id", "name", across.label, titleOf(y), ...(extra ? [titleOf(extra)] : [])], ...shown.map((each) => [each.row[0], plain(data, each.row, "name"), across.text(each), each.y, ...(extra ? [each.row[extra.index]] : [])])],
  };
}

export function titleOf(column) {
  if (column.unitIndex !== undefined) return `${column.name} (units differ)`;
  return column.unit ? `${column.name} [${column.unit}]` : column.name;
}

function acrossOf(state, column) {
  if (state.kind === "time") {
    const [id, label] = MOMENTS.find(([each]) => each === state.moment) ?? MOMENTS[0];
    const { index } = column(id);
    return { kind: "time", label, column: null, read: (row) => (row[index] ? Date.parse(row[index]) : null), text: (each) => each.row[index] };
  }
  const chosen = column(state.kind === "box" ? state.group : state.x);
  if (state.kind === "box") return { label: titleOf(chosen), column: chosen, read: (row) => row[chosen.index] || null, text: (each) => each.x };
  return { label: titleOf(chosen), column: chosen, read: (row) => numberOf(row, chosen), text: (each) => each.x };
}

function numberOf(row, column) {
  return numberIn(row[column.index]);
}

/** The names that occur most, at most so many, in a readable order. */
function commonest(names, most) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const chosen = [...counts].sort((a, b) => b[1] - a[1]).slice(0, most).map(([name]) => name);
  return chosen.sort(nameOrder);
}

function byGroup(names) {
  return { of: (each) => ({ colour: categoryColour(names.indexOf(each.x)), shape: 0 }) };
}

/** How marks are coloured: by a number along a ramp, by a text in eight colours and shapes, or all alike. */
function colouring(rows, column) {
  if (!column) return { of: () => ({ colour: categoryColour(0), shape: 0 }), key: () => "", legend: null };
  if (column.numeric) return byNumber(rows, column);
  return byText(rows, column);
}

function byText(rows, column) {
  const texts = rows.map((each) => each.row[column.index] ?? "");
  const has = texts.filter(Boolean);
  let names = commonest(has, MOST_CATEGORIES + 1);
  const isMany = names.length > MOST_CATEGORIES;
  if (isMany) names = commonest(has, MOST_CATEGORIES - 1);
  const entries = new Map(names.map((name, index) => [name, { name, colour: categoryColour(index), shape: index }]));
  const others = { name: OTHERS, colour: categoryColour(MOST_CATEGORIES - 1), shape: MOST_CATEGORIES - 1 };
  const of = (each) => (each.row[column.index] ? (entries.get(each.row[column.index]) ?? others) : NONE);
  const shown = [...entries.values(), isMany && others, has.length < texts.length && NONE].filter(Boolean);
  return { of, key: of, legend: { title: titleOf(column), entries: shown } };
}

function byNumber(rows, column) {
  const numbers = rows.map((each) => numberOf(each.row, column)).filter((each) => each !== null);
  const least = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const most = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  const colour = (each) => {
    const number = numberOf(each.row, column);
    return number === null ? NONE.colour : rampColour(most > least ? (number - least) / (most - least) : 0.5);
  };
  return { of: (each) => ({ colour: colour(each), shape: 0 }), key: () => "", legend: numbers.length ? { title: titleOf(column), ramp: [value(least), value(most)] } : null };
}

/** A line through the marks in the order of time, one for each category. */
function trends(rows, at, colours) {
  const groups = new Map();
  for (const row of rows) {
    const key = colours.key(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups.values()].map((group) => {
    const points = [...group].sort((a, b) => a.x - b.x).map(at);
    return svg("path", { class: "trend", stroke: colours.of(group[0]).colour, d: points.map((each, index) => `${index ? "L" : "M"}${each.x.toFixed(1)} ${each.y.toFixed(1)}`).join("") });
  });
}

function drawBoxes(names, rows, x, y, colours) {
  const outliers = [];
  const table = [];
  const shapes = names.map((name) => {
    const own = rows.filter((each) => each.x === name);
    const made = box(own.map((each) => each.y));
    outliers.push(...own.filter((each) => each.y < made.least || each.y > made.greatest));
    table.push([name, made.count, made.least, made.low, made.median, made.high, made.greatest, made.outliers.length]);
    const half = Math.min(x.width * 0.3, 40);
    const middle = x.at(name);
    const { colour } = colours.of(own[0]);
    return svg(
      "g",
      { class: "group" },
      svg("title", {}, `${name}: ${made.count} ${made.count === 1 ? "run" : "runs"}, median ${value(made.median)}, quartiles ${value(made.low)} and ${value(made.high)}`),
      svg("path", { class: "whisker", stroke: colour, d: `M${middle} ${y.at(made.low)}V${y.at(made.least)}M${middle} ${y.at(made.high)}V${y.at(made.greatest)}` }),
      svg("rect", { class: "box", stroke: colour, x: middle - half, width: 2 * half, y: y.at(made.high), height: Math.max(y.at(made.low) - y.at(made.high), 1) }),
      svg("path", { class: "whisker", stroke: colour, d: `M${middle - half} ${y.at(made.median)}h${2 * half}` }),
    );
  });
  return { shapes, outliers, table };
}

/** What is said about a run: its name, status and start, and the values that are drawn. */
function told(data, each, columns) {
  const name = plain(data, each.row, "name") || `Run ${each.row[0].slice(-12)}`;
  const started = plain(data, each.row, "started_at");
  const values = [...new Set(columns.filter(Boolean))].map((column) => `${column.name}: ${shown(each.row[column.index], { unit: column.unit || each.row[column.unitIndex] })}`);
  return [name, [plain(data, each.row, "status"), started && moment(started)].filter(Boolean).join(", "), ...values];
}

function shown(text, column) {
  if (text === "") return "none";
  return `${numberIn(text) === null ? text : value(Number(text))}${column.unit ? ` ${column.unit}` : ""}`;
}

function plain(data, row, id) {
  return row[data.columns.find((each) => each.id === id)?.index] ?? "";
}
