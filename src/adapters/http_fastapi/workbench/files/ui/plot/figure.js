/** A plot as SVG: axes, marks, a legend, and what a mark stands for while it is pointed at. */

import { fill, h, svg } from "../../lib/dom.js";
import { SHAPES } from "./colours.js";

const SPACE = { left: 90, right: 18, top: 14, bottom: 52 }; // px round the marks
const REACH = 24; // px within which the nearest mark is meant
const DENSE = 500; // marks, beyond which their outlines would cover the others' colours
const LEAST = 34; // px for a label, so that names of many groups can be read
const ASIDE = 16; // px by which a label may stand beside its tick
const LETTER = 7.5; // px, about the width of one

/** Where marks can be, for a figure of this size: `{left, right, top, bottom}`. */
export function inner(width, height) {
  return { left: SPACE.left, right: width - SPACE.right, top: SPACE.top, bottom: height - SPACE.bottom };
}

/**
 * The figure. `x` and `y` are scales with `label`; `shapes` are drawn under the marks (boxes, lines); `marks` are
 * `{x, y, colour, shape, href, lines}`, at places in px, where `lines` tell about the run. `name` is what a screen reader says. With the picture come
 * `pointedAt()`, the address of the run that is shown, and `pointAt(href)`, which shows one.
 */
export function figure({ name, width, height, x, y, shapes = [], marks }) {
  const place = inner(width, height);
  const ring = svg("circle", { class: "ring", r: 8, visibility: "hidden" });
  const drawn = marks.map((each) => svg("path", { class: "mark", d: SHAPES[each.shape ?? 0], fill: each.colour, transform: `translate(${each.x.toFixed(1)} ${each.y.toFixed(1)})` }));
  const picture = svg(
    "svg",
    { class: "plot", width, height, viewBox: `0 0 ${width} ${height}`, tabindex: "0", role: "img", "aria-label": `${name}. Arrow keys go from run to run, Enter opens one.` },
    axes(place, x, y),
    svg("g", {}, shapes),
    svg("g", { class: marks.length > DENSE ? "marks dense" : "marks" }, drawn),
    ring,
  );
  const tip = h("div", { class: "tip", role: "status", hidden: true });
  const element = h("div", { class: "figure" }, picture, tip);
  const point = pointing({ picture, tip, ring, marks, width });
  return { element, picture, ...point };
}

function axes(place, x, y) {
  const text = (content, props) => svg("text", props, content);
  return svg(
    "g",
    { class: "axes" },
    x.ticks.map(({ at }) => svg("line", { class: "grid", x1: at, x2: at, y1: place.top, y2: place.bottom })),
    labelsBelow(place, x).map(({ at, label }) => text(label, { x: at, y: place.bottom + 18, "text-anchor": "middle" })),
    y.ticks.map(({ at, label }) => [svg("line", { class: "grid", x1: place.left, x2: place.right, y1: at, y2: at }), text(cut(label, place.left - 15), { x: place.left - 8, y: at + 4, "text-anchor": "end" })]),
    svg("path", { class: "axis-line", d: `M${place.left} ${place.top}V${place.bottom}H${place.right}` }),
    text(cut(x.label, place.right - place.left), { class: "axis-label", x: (place.left + place.right) / 2, y: place.bottom + 42, "text-anchor": "middle" }),
    text(cut(y.label, place.bottom - place.top), { class: "axis-label", x: 0, y: 0, transform: `translate(16 ${(place.top + place.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }),
  );
}

/** As many of the labels as there is room for: cut ones, or whole ones that need `room` px each. */
function labelsBelow(place, { ticks, room = null }) {
  const apart = ticks.length > 1 ? Math.abs(ticks[1].at - ticks[0].at) : place.right - place.left;
  const every = Math.ceil((room ?? LEAST) / apart);
  const chosen = ticks.filter((_, index) => index % every === 0);
  if (!room) {
    const texts = shortened(chosen.map((each) => each.label), apart * every);
    return chosen.map(({ at }, index) => ({ at, label: texts[index] }));
  }
  const last = place.right + SPACE.right - room / 2;
  return chosen.filter(({ at }) => at - last <= ASIDE).map(({ at, label }) => ({ at: Math.min(at, last), label }));
}

/** Texts that fit; where they would be cut to the same, without the beginning that all of them have. */
function shortened(labels, room) {
  const texts = labels.map((each) => cut(each, room));
  if (new Set(texts).size === texts.length) return texts;
  const [first, ...others] = labels.map((each) => [...each]);
  let own = first.findIndex((letter, index) => others.some((each) => each[index] !== letter));
  while (/\d/.test(first[own - 1])) own -= 1; // numbers stay whole
  return own < 2 ? texts : labels.map((each) => cut(`…${[...each].slice(own).join("")}`, room));
}

/** The text as far as there is room for it (px); no emoji is cut in two. */
function cut(text, room) {
  const letters = [...text];
  const most = Math.max(Math.floor(room / LETTER), 3);
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

/** Shows the run of the mark that is nearest to the pointer, or that the arrow keys have come to. */
function pointing({ picture, tip, ring, marks, width }) {
  let current = -1;
  const order = marks.map((_, index) => index).sort((a, b) => marks[a].x - marks[b].x || marks[a].y - marks[b].y);

  function show(index) {
    current = index;
    const mark = marks[index];
    ring.setAttribute("visibility", mark ? "visible" : "hidden");
    tip.hidden = !mark;
    picture.classList.toggle("pointed", Boolean(mark));
    if (!mark) return;
    ring.setAttribute("cx", mark.x);
    ring.setAttribute("cy", mark.y);
    fill(tip, mark.lines.map((line, at) => h(at ? "div" : "b", {}, h("bdi", {}, line))));
    tip.style.left = `${Math.min(mark.x + 12, Math.max(0, width - 240))}px`;
    tip.style.top = `${mark.y + 12}px`;
  }

  function nearest(event) {
    const frame = picture.getBoundingClientRect();
    const [px, py] = [event.clientX - frame.left, event.clientY - frame.top];
    let best = -1;
    let least = REACH ** 2;
    for (let index = 0; index < marks.length; index += 1) {
      const distance = (marks[index].x - px) ** 2 + (marks[index].y - py) ** 2;
      if (distance < least) [best, least] = [index, distance];
    }
    return best;
  }

  const open = () => marks[current]?.href && (location.hash = marks[current].href);
  picture.addEventListener("pointermove", (event) => show(nearest(event)));
  picture.addEventListener("pointerleave", () => show(-1));
  picture.addEventListener("click", (event) => {
    show(nearest(event));
    open();
  });
  picture.addEventListener("blur", () => show(-1));
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return open();
    if (event.key === "Escape") return show(-1);
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by || !order.length) return;
    event.preventDefault();
    const at = current < 0 ? (by > 0 ? -1 : order.length) : order.indexOf(current);
    show(order[Math.min(Math.max(at + by, 0), order.length - 1)]);
  });
  return { pointedAt: () => marks[current]?.href ?? null, pointAt: (href) => show(marks.findIndex((each) => each.href === href)) };
}
