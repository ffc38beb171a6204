/** Values as people read them. */

import { once } from "./once.js";

const MOMENT = once(() => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }));
const EXACT = once(() => new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" }));
const AGO = once(() => new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }));
const STEPS = [
  ["year", 31557600],
  ["month", 2629800],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** Compares names as people order them: p2 before p10. */
export function nameOrder(a, b) {
  return a.localeCompare(b, undefined, { numeric: true });
}

/** A date and time in the reader's zone. */
export function moment(text) {
  return text ? MOMENT().format(new Date(text)) : "";
}

/** The same, to the second and with the zone: for a title. */
export function exactMoment(text) {
  return text ? EXACT().format(new Date(text)) : "";
}

/** "3 hours ago". */
export function ago(text, now = Date.now()) {
  const seconds = (new Date(text) - now) / 1000;
  for (const [unit, length] of STEPS)
    if (Math.abs(seconds) >= length) return AGO().format(Math.round(seconds / length), unit);
  return AGO().format(0, "second") === "now" ? "just now" : AGO().format(0, "second");
}

/** "2 h 5 min" between two moments. */
export function duration(from, to) {
  const seconds = Math.round((new Date(to) - new Date(from)) / 1000);
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** A number with at most six significant digits; text and booleans as they are, but for empty text, which is seen. */
export function value(content) {
  if (content === "") return '""';
  if (typeof content !== "number") return String(content);
  if (Number.isInteger(content) && Math.abs(content) < 1e9) return String(content);
  const short = Number(content.toPrecision(6));
  return Math.abs(short) >= 1e9 || (short !== 0 && Math.abs(short) < 1e-4) ? short.toExponential() : String(short);
}

/** `{value, unit}` as "12 deg". */
export function quantity(content) {
  if (!content) return "";
  return content.unit ? `${value(content.value)} ${content.unit}` : value(content.value);
}

/** The same with all digits, and texts in quotes: for what differs, and would be shown alike. */
export function exactQuantity({ value: content, unit }) {
  return `${typeof content === "string" ? JSON.stringify(content) : content}${unit ? ` ${unit}` : ""}`;
}

/** "1.2 MB". */
export function bytes(count) {
  if (count === null || count === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let step = 0;
  for (; count >= 1000 && step < units.length - 1; step += 1) count /= 1000;
  return `${step && count < 100 ? count.toFixed(1) : Math.round(count)} ${units[step]}`;
}
