/** Plain days, and the ticks of a time axis. Days are the reader's own: a plan has no time zone. */

import { once } from "./once.js";

const HOUR = 3600e3; // ms
export const DAY = 24 * HOUR;

/** The moment (ms) at which a day like "2026-01-05" begins here. */
export function dayStart(text) {
  return midnight(text, 0);
}

/** The moment (ms) at which the day ends: where the next one begins. */
export function dayEnd(text) {
  return midnight(text, 1);
}

function midnight(text, later) {
  const [year, month, day] = text.split("-").map(Number);
  return at(year, month - 1, day + later).getTime();
}

/** Today as "YYYY-MM-DD", some days later if asked. */
export function today(later = 0) {
  const now = new Date();
  now.setDate(now.getDate() + later);
  const two = (number) => String(number).padStart(2, "0");
  return `${String(now.getFullYear()).padStart(4, "0")}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

// The unit, how many of it, and about how long that is in ms.
const STEPS = [
  ...[1, 5, 15, 30].map((count) => ["second", count, (count * HOUR) / 3600]),
  ...[1, 5, 15, 30].map((count) => ["minute", count, (count * HOUR) / 60]),
  ...[1, 3, 6, 12].map((count) => ["hour", count, count * HOUR]),
  ...[1, 2, 7, 14].map((count) => ["day", count, count * DAY]),
  ...[1, 3, 6].map((count) => ["month", count, count * 30 * DAY]),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].map((count) => ["year", count, count * 365 * DAY]),
];
const CLOCK = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
const STYLES = {
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  minute: CLOCK,
  hour: CLOCK,
  day: { year: "numeric", month: "short", day: "numeric" },
  month: { year: "numeric", month: "short" },
};
const FORMATS = Object.fromEntries(Object.entries(STYLES).map(([unit, style]) => [unit, once(() => new Intl.DateTimeFormat(undefined, style))]));
const MONDAY = 4; // days from 1970-01-01 to the first Monday

/**
 * `[{at, label}, …]` between two moments (ms), about `count` at most, at whole seconds, minutes, hours, days, months or years; one in
 * the middle where there is no such moment.
 */
export function ticks(from, to, count) {
  const [unit, many] = STEPS.find(([, , length]) => (to - from) / length <= count) ?? STEPS.at(-1);
  const made = [];
  for (let date = floor(new Date(from), unit, many); date <= to; date = next(date, unit, many))
    if (date >= from) made.push({ at: date.getTime(), label: unit === "year" ? String(date.getFullYear()) : FORMATS[unit]().format(date) });
  const middle = (from + to) / 2;
  return made.length ? made : [{ at: middle, label: FORMATS.second().format(middle) }]; // less than a second
}

/** The last tick that is not after a moment. The same moments have ticks wherever one looks from. */
function floor(date, unit, many) {
  const down = (number, first = 0) => number - ((((number - first) % many) + many) % many);
  const [year, month, day, hour] = [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours()];
  if (unit === "year") return at(down(year), 0, 1);
  if (unit === "month") return at(year, down(month), 1);
  if (unit === "hour") return at(year, month, day, down(hour));
  if (unit === "minute") return at(year, month, day, hour, down(date.getMinutes()));
  if (unit === "second") return at(year, month, day, hour, date.getMinutes(), down(date.getSeconds()));
  const number = Math.floor((date.getTime() - date.getTimezoneOffset() * 60e3) / DAY);
  return at(year, month, day - (number - down(number, MONDAY)));
}

/** A moment here; the constructor of dates takes the years 0 to 99 for 1900 to 1999. */
function at(year, month, day, hour = 0, minute = 0, second = 0) {
  const date = new Date(2000, 0, 1);
  date.setFullYear(year, month, day);
  date.setHours(hour, minute, second);
  return date;
}

function next(date, unit, many) {
  const fixed = { second: HOUR / 3600, minute: HOUR / 60, hour: many === 1 ? HOUR : null }[unit];
  if (fixed) return new Date(date.getTime() + many * fixed);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  if (unit === "year") return at(year + many, 0, 1);
  if (unit === "month") return at(year, month + many, 1);
  if (unit === "day") return at(year, month, day + many); // not 24 hours later: some days begin at one o'clock
  return at(year, month, day, date.getHours() + many);
}
