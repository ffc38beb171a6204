/** What colours and shapes stand for: beside the plot, and within the picture that is saved. */

import { h, svg } from "../../lib/dom.js";
import { SHAPES, rampColour } from "./colours.js";

const LINE = 20; // px from one line to the next
const STOPS = 24; // steps of a ramp
const RAMP = 120; // px, its length

/** The legend as HTML: `{title, ramp: [least, greatest]}` or `{title, entries: [{name, colour, shape}]}`; null gives none. */
export function legendOf(legend) {
  if (!legend) return null;
  if (legend.ramp) return [h("b", {}, legend.title), h("span", {}, legend.ramp[0]), svg("svg", { class: "ramp", viewBox: `0 0 ${RAMP} 10`, preserveAspectRatio: "none", "aria-hidden": "true" }, stops(0, 0)), h("span", {}, legend.ramp[1])];
  const sign = ({ colour, shape }) => svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, svg("path", { d: SHAPES[shape], fill: colour }));
  return [h("b", {}, legend.title), legend.entries.map((each) => h("span", { class: "key" }, sign(each), h("bdi", {}, each.name)))];
}

/** The same as SVG below `top` px, line by line: `{group, height}`. */
export function legendGroup(legend, left, top) {
  const text = (content, line, x, weight = "400") => svg("text", { x, y: top + (line + 0.7) * LINE, "font-weight": weight }, content);
  if (legend.ramp) {
    const lines = [text(legend.title, 0, left, "600"), stops(left, top + LINE), text(legend.ramp.join(" to "), 1, left + RAMP + 10)];
    return { group: svg("g", {}, lines), height: 2.5 * LINE };
  }
  const lines = legend.entries.map(({ name, colour, shape }, index) => [
    svg("path", { class: "key", d: SHAPES[shape], fill: colour, transform: `translate(${left + 5} ${top + (index + 1.5) * LINE})` }),
    text(name, index + 1, left + 18),
  ]);
  return { group: svg("g", {}, text(legend.title, 0, left, "600"), lines), height: (legend.entries.length + 1.5) * LINE };
}

function stops(left, top) {
  const width = RAMP / STOPS;
  return Array.from({ length: STOPS }, (_, index) => svg("rect", { x: left + index * width, y: top + 4 * Boolean(top), width: width + 0.5, height: 10, fill: rampColour(index / (STOPS - 1)) }));
}
