/** Plain days, and the ticks of a time axis. Days are the reader's own: a plan has no time zone. */

const HOUR = 3600e3; // ms
export const DAY = 24 * HOUR;

/** The moment (ms) at which a day like "2026-01-05" begins here. */
export function dayStart(text) {
  const [year, month, day] = text.split("-").map(Number);
  const date = new Date(2000, month - 1, day);
  date.setFullYear(year, month - 1, day); // the constructor takes the years 0 to 99 for 1900 to 1999
  return date.getTime();
}

/** The moment (ms) at which the day ends: where the next one begins. */
export function dayEnd(text) {
  const date = new Date(dayStart(text));
  date.setDate(date.getDate() + 1);
  return date.getTime();
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
  ...[1, 2, 7].map((count) => ["day", count, count * DAY]),
  ...[1, 3, 6].map((count) => ["month", count, count * 30 * DAY]),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].map((count) => ["year", count, count * 365 * DAY]),
];
const FORMATS = {
  second: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  minute: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
  hour: new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }),
  day: new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" }),
  month: new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short" }),
};

/** `[{at, label}, …]` between two moments (ms), at most about `count` of them, at whole seconds, minutes, hours, days, months or years. */
export function ticks(from, to, count) {
  const [unit, many] = STEPS.find(([, , length]) => (to - from) / length <= count) ?? STEPS.at(-1);
  const made = [];
  for (let date = floor(new Date(from), unit, many); date <= to && made.length <= 4 * count; date = next(date, unit, many))
    if (date >= from) made.push({ at: date.getTime(), label: unit === "year" ? String(date.getFullYear()) : FORMATS[unit].format(date) });
  return made;
}

function floor(date, unit, many) {
  const parts = [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  const index = ["year", "month", "day", "hour", "minute", "second"].indexOf(unit);
  const least = unit === "day" ? 1 : 0;
  const cut = parts.map((part, each) => (each < index ? part : each > index ? (each === 2 ? 1 : 0) : Math.floor((part - least) / many) * many + least));
  const made = new Date(2000, cut[1], cut[2], ...cut.slice(3));
  made.setFullYear(cut[0], cut[1], cut[2]);
  return made;
}

function next(date, unit, many) {
  const made = new Date(date);
  if (unit === "year") made.setFullYear(made.getFullYear() + many);
  else if (unit === "month") made.setMonth(made.getMonth() + many);
  else if (unit === "day") made.setDate(made.getDate() + many);
  else if (unit === "hour") made.setHours(made.getHours() + many);
  else made.setTime(made.getTime() + many * (unit === "minute" ? HOUR / 60 : HOUR / 3600));
  return made;
}
