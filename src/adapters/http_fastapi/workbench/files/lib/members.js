/** The parameters, results and labels that runs have, as columns. */

import { nameOrder, moment, quantity } from "./format.js";
import { own } from "./own.js";

/** What every run has: the API's name, the heading, and what the API sorts it by. */
export const PLAIN = [
  ["name", "Name", "name"],
  ["status", "Status", null],
  ["started_at", "Started", null],
  ["finished_at", "Finished", null],
  ["solver", "Solver", null],
  ["solver_version", "Solver version", null],
  ["external_id", "External id", null],
  ["created_at", "Recorded", "created_at"],
  ["updated_at", "Changed", "updated_at"],
];

/** Gathers members as runs come in: `add(runs)` says whether that changes which there are, their units or their types. */
export class Members {
  constructor() {
    this.found = new Map(); // by "parameters.alpha": {id, group, name, units: Set, numeric, texts: Set}
  }

  add(runs) {
    const before = this.#state();
    for (const run of runs) {
      for (const group of ["parameters", "results"])
        for (const [name, { value, unit }] of Object.entries(run[group])) {
          const member = this.#member(group, name);
          member.units.add(unit ?? "");
          member.varies ||= "value" in member && member.value !== value;
          member.value = value;
          if (typeof value === "number") member.numeric = true;
          else if (member.texts.size < 50) member.texts.add(value);
        }
      for (const [name, text] of Object.entries(run.labels)) {
        const member = this.#member("labels", name);
        if (member.texts.size < 50) member.texts.add(text);
      }
    }
    return this.#state() !== before;
  }

  #state() {
    return [...this.found.values()].map(({ id, units, numeric, varies }) => `${id} ${units.size} ${numeric} ${varies}`).join();
  }

  #member(group, name) {
    const id = `${group}.${name}`;
    if (!this.found.has(id)) this.found.set(id, { id, group, name, units: new Set(), numeric: false, texts: new Set() });
    return this.found.get(id);
  }

  /** All of a group, in the order of their names. */
  of(group) {
    return [...this.found.values()].filter((each) => each.group === group).sort((a, b) => nameOrder(a.name, b.name));
  }
}

/** The one unit of a member, "" where there is none or several. */
export function unitOf(member) {
  return member.units.size === 1 ? [...member.units][0] : "";
}

/** The text of a member of a run, as a table shows it; its unit is left out where the header has it. */
export function cellText(run, id, unit = "") {
  const [group, ...rest] = id.split(".");
  if (!rest.length) return group.endsWith("_at") ? moment(run[group]) : (run[group] ?? "");
  const content = own(run[group], rest.join("."));
  if (content === undefined) return "";
  if (group === "labels") return content;
  return quantity(unit ? { value: content.value } : content);
}
