/** What differs between two versions of an object, member by member. */

import { own } from "./own.js";

const NESTED = new Set(["labels", "parameters", "results"]); // compared name by name
const QUIET = new Set(["updated_at", "id"]); // differ always, or never

/**
 * `[{member, before, after}, …]` for two versions, either of which may be null (created, deleted). A member of labels,
 * parameters or results is named like "parameters.alpha"; before or after is undefined where it was not there.
 */
export function difference(before, after) {
  const rows = [];
  for (const name of union(before, after)) {
    if (QUIET.has(name)) continue;
    const [old, now] = [before?.[name], after?.[name]];
    if (NESTED.has(name)) {
      for (const key of union(old, now)) add(rows, `${name}.${key}`, own(old, key), own(now, key));
    } else if (name === "artifacts") {
      const [olds, nows] = [byName(old), byName(now)];
      for (const key of union(olds, nows)) add(rows, `artifacts.${key}`, own(olds, key), own(nows, key));
    } else add(rows, name, old, now);
  }
  return rows;
}

function add(rows, member, before, after) {
  if (!same(before, after)) rows.push({ member, before, after });
}

/** Whether two JSON values are equal; null and nothing are the same here. */
function same(a, b) {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

function union(a, b) {
  return [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])];
}

function byName(artifacts) {
  return Object.fromEntries((artifacts ?? []).map((each) => [each.name, each]));
}
