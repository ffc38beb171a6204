/** From values to places: linear, logarithmic, in time, and by category. */

import { value } from "../../lib/format.js";
import { ticks as timeTicks } from "../../lib/days.js";

const STEPS = [1, 2, 5, 10];

/** Round numbers between two, about `count` of them. */
export function niceTicks(from, to, count) {
  if (!(to > from)) return [from];
  const rough = to / count - from / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = STEPS.find((each) => each * power >= rough * 0.999) * power;
  const first = Math.ceil(from / step - 1e-9);
  const made = Array.from({ length: 3 * count + 3 }, (_, index) => Number(((first + index) * step).toPrecision(15)));
  return [...new Set(made)].filter((each) => Number.isFinite(each) && each >= from - step * 1e-9 && each <= to + step * 1e-9);
}

/** Powers of ten between two positive numbers, with their halves where there are few. */
export function logTicks(from, to) {
  const made = [];
  const [low, high] = [Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))];
  const factors = high - low <= 2 ? [1, 2, 5] : [1];
  const skip = Math.max(1, Math.ceil((high - low) / 8));
  for (let power = low; power <= high; power += skip) for (const factor of factors) made.push(factor * 10 ** power);
  return made.filter((each) => each >= from * 0.999 && each <= to * 1.001);
}

/**
 * A scale over these numbers, from `start` to `end` (px): `{at(number), ticks: [{at, label}]}`. `kind`: "linear", "log" or
 * "time" (ms since 1970).
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
  [from, to] = withMargin(from, to);
  const part = Number.isFinite(to - from) ? 1 : 0.25; // the greatest numbers are too far apart to be subtracted
  const at = (number) => start + ((number * part - from * part) / (to * part - from * part)) * (end - start);
  if (kind === "time") return { at, ticks: timeTicks(from, to, count).map((each) => ({ at: at(each.at), label: each.label })) };
  return { at, ticks: labelled(niceTicks(from, to, count), at) };
}

function withMargin(from, to) {
  const margin = to === from ? Math.abs(from) * 0.1 || 1 : to * 0.04 - from * 0.04;
  const [low, high] = [Math.max(from - margin, -Number.MAX_VALUE), Math.min(to + margin, Number.MAX_VALUE)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/** Ticks with as many digits as tell them apart. */
function labelled(ticks, at) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const greatest = Math.max(...ticks.map(Math.abs), step);
  const digits = Math.min(Math.ceil(Math.log10(greatest / step)) + 1, 15);
  return ticks.map((each) => ({ at: at(each), label: digits > 6 ? String(Number(each.toPrecision(digits))) : value(each) }));
}

function logScale(from, to, start, end) {
  const [low, high] = [Math.log10(from) - 0.05, Math.log10(to) + 0.05];
  const at = (number) => start + ((Math.log10(number) - low) / (high - low || 1)) * (end - start);
  let marks = logTicks(10 ** low, 10 ** high);
  if (marks.length < 2) marks = niceTicks(10 ** low, 10 ** high, 4).filter((each) => each > 0);
  return { at, ticks: marks.map((each) => ({ at: at(each), label: value(each) })) };
}

/** A band for each category: `{at(name) (its middle), width, ticks}`. */
export function bands(names, start, end) {
  const width = (end - start) / Math.max(names.length, 1);
  const at = (name) => start + (names.indexOf(name) + 0.5) * width;
  return { at, width, ticks: names.map((name) => ({ at: at(name), label: name })) };
}
