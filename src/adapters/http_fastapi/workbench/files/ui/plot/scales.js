/** From values to places: linear, logarithmic, in time, and by category. */

import { value } from "../../lib/format.js";
import { ticks as timeTicks } from "../../lib/days.js";

const STEPS = [1, 2, 5, 10];
const MOST_TRIED = 16; // ticks
const SHORT = 6; // letters, for which there is room between powers of ten
const ALONE = 12 * 3600e3; // ms on both sides of a single moment
const MOMENT_ROOM = 120; // px, for a moment's text
const MARGIN = 0.04; // of what the numbers span

/** Round numbers between two, about `count` of them. */
export function niceTicks(from, to, count) {
  if (!(to > from)) return [from];
  const rough = to / count - from / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  if (power === 0) return [from, to]; // they are too close for a step between them
  const step = STEPS.find((each) => each * power >= rough * 0.999) * power;
  const first = Math.ceil(from / step - 1e-9);
  const made = Array.from({ length: 3 * count + 3 }, (_, index) => Number(((first + index) * step).toPrecision(15)));
  const within = [...new Set(made)].filter((each) => Number.isFinite(each) && each >= from - step * 1e-9 && each <= to + step * 1e-9);
  return within.length < 2 && count < MOST_TRIED ? niceTicks(from, to, 2 * count) : within; // one tick tells no scale
}

/** Powers of ten between two that are given by their exponents, with their halves where there are few. */
export function logTicks(low, high) {
  const made = [];
  const [first, last] = [Math.floor(low), Math.ceil(high)];
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const skip = Math.max(1, Math.ceil((last - first) / 8));
  for (let power = Math.floor(first / skip) * skip; power <= last; power += skip) for (const factor of factors) made.push(factor * 10 ** power);
  return made.filter((each) => each > 0 && Number.isFinite(each) && Math.log10(each) >= low && Math.log10(each) <= high);
}

/**
 * A scale over these numbers, from `start` to `end` (px): `{at(number), ticks: [{at, label}], room}`; `room` is what a
 * label needs (px), where it is much. `kind`: "linear", "log" or "time" (ms since 1970).
 */
export function scale(kind, numbers, start, end, count) {
  let from = Infinity;
  let to = -Infinity;
  for (const each of numbers) {
    if (each < from) from = each;
    if (each > to) to = each;
  }
  if (!(to >= from)) [from, to] = kind === "log" ? [1, 10] : [0, 1];
  if (kind === "log") return logScale(from, to, start, end);
  [from, to] = kind === "time" && from === to ? [from - ALONE, to + ALONE] : withMargin(from, to);
  const part = Number.isFinite(to - from) ? 1 : 0.25; // the greatest numbers are too far apart to be subtracted
  const at = (number) => start + ((number * part - from * part) / (to * part - from * part)) * (end - start);
  if (kind === "time") {
    const few = timeTicks(from, to, count);
    const marks = few.length < 2 ? timeTicks(from, to, 2 * count) : few;
    return { at, room: MOMENT_ROOM, ticks: marks.map((each) => ({ at: at(each.at), label: each.label })) };
  }
  return { at, ticks: labelled(niceTicks(from, to, count), at) };
}

function withMargin(from, to) {
  const margin = to === from ? Math.abs(from) * 0.1 || 1 : to * MARGIN - from * MARGIN;
  const [low, high] = [Math.max(from - margin, -Number.MAX_VALUE), Math.min(to + margin, Number.MAX_VALUE)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/** Ticks with as many digits as tell them apart. */
function labelled(ticks, at) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const greatest = Math.max(...ticks.map(Math.abs), step);
  const digits = Math.min(Math.ceil(Math.log10(greatest / step)) + 1, 15);
  const labels = digits > 6 ? ticks.map((each) => String(Number(each.toPrecision(digits)))) : alike(ticks);
  return ticks.map((each, index) => ({ at: at(each), label: labels[index] }));
}

/** Numbers as texts of one form: where one has an exponent or more than `most` letters, all but 0 have exponents. */
function alike(numbers, most = Infinity) {
  const labels = numbers.map(value);
  return labels.some((each) => each.includes("e") || each.length > most) ? numbers.map((each) => (each === 0 ? "0" : Number(each.toPrecision(6)).toExponential())) : labels;
}

function logScale(from, to, start, end) {
  const margin = Math.max(0.05, (Math.log10(to) - Math.log10(from)) * MARGIN);
  const [low, high] = [Math.log10(from) - margin, Math.log10(to) + margin];
  const at = (number) => start + ((Math.log10(number) - low) / (high - low || 1)) * (end - start);
  let marks = logTicks(low, high);
  if (marks.length < 2) marks = niceTicks(10 ** low, 10 ** high, 4).filter((each) => each > 0);
  const labels = alike(marks, SHORT);
  return { at, ticks: marks.map((each, index) => ({ at: at(each), label: labels[index] })) };
}

/** A band for each category: `{at(name) (its middle), width, ticks}`. */
export function bands(names, start, end) {
  const width = (end - start) / Math.max(names.length, 1);
  const at = (name) => start + (names.indexOf(name) + 0.5) * width;
  return { at, width, ticks: names.map((name) => ({ at: at(name), label: name })) };
}
