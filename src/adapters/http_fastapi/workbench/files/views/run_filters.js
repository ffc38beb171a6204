/** The filters and orders of a list of runs, as the API has them. */

import { folded } from "./simulation_filters.js";

const CONDITION = /^\s*(parameters|results)\.([A-Za-z0-9_.-]+)\s*(!=|<=|>=|=|<|>)\s*(.*)$/s;
const HOLDS = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** Whether a run fulfils filters `{simulation_id, name, status, label: [KEY or KEY:VALUE, …], where: [condition, …]}`. */
export function fulfils(run, { simulation_id: simulation, name, status, label = [], where = [] }) {
  return (
    run.simulation_id === simulation &&
    (!name || folded(run.name ?? "").includes(folded(name))) &&
    (!status || status.split(",").includes(run.status)) &&
    label.every((text) => {
      const [key, value] = text.split(/:(.*)/s);
      return Object.hasOwn(run.labels, key) && (value === undefined || run.labels[key] === value);
    }) &&
    where.every((text) => holds(run, text))
  );
}

/** Whether a condition like parameters.alpha>=12 holds. A value of another type is merely not equal. */
function holds(run, text) {
  const [, group, name, operator, literal] = CONDITION.exec(text) ?? [];
  if (!group || !Object.hasOwn(run[group], name)) return false;
  const { value } = run[group][name];
  const wanted = parsed(literal);
  return typeof value === typeof wanted ? HOLDS[operator](value, wanted) : operator === "!=";
}

function parsed(literal) {
  try {
    return JSON.parse(literal);
  } catch {
    return undefined;
  }
}

/** Compares two runs by a sort of the API, like "-results.cl": those without the number come last in both directions. */
export function order(sort) {
  const member = sort.replace(/^-/, "");
  const sign = sort.startsWith("-") ? -1 : 1;
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return (a, b) => {
    const [x, y] = [sorted(a, member), sorted(b, member)];
    if ((x === null) !== (y === null)) return x === null ? 1 : -1;
    return sign * (compare(x, y) || compare(a.id, b.id));
  };
}

/** What a run is sorted by, null where it has no such number. */
function sorted(run, member) {
  if (member === "name") return folded(run.name ?? "");
  const [, group, name] = /^(parameters|results)\.(.*)$/.exec(member) ?? [];
  if (!group) return run[member];
  const value = Object.hasOwn(run[group], name) ? run[group][name].value : null;
  return typeof value === "number" ? value : null;
}
