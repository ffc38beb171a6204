/** The columns of a table of runs: what every run has, and the parameters, results and labels that there are. */

import { h } from "../lib/dom.js";
import { PLAIN, cellText, unitOf } from "../lib/members.js";
import { chipButtons, runLink, statusBadge, when } from "../ui/pieces.js";

const FIRST = ["name", "status", "started_at"];
const MOST = 14; // columns, before anybody has chosen

/** All columns that there could be; `filterBy(label)` is called for a label that is clicked. */
export function allColumns(members, filterBy) {
  const labels = {
    id: "labels",
    label: "Labels",
    sort: null,
    cell: (run) => chipButtons(run.labels, filterBy),
    text: (run) => Object.entries(run.labels).flat().join("   "),
  };
  return [...PLAIN.map(plainColumn), ...["parameters", "results", "labels"].flatMap((group) => members.of(group).map(memberColumn)), labels];
}

function plainColumn([id, label, sort]) {
  const text = (run) => (id === "status" ? "succeeded   " : id.endsWith("_at") ? "10 minutes ago" : cellText(run, id));
  return { id, label, sort, cell: (run) => plainCell(run, id), text };
}

function plainCell(run, id) {
  if (id === "name") return runLink(run.id, run.name);
  if (id === "status") return statusBadge(run.status);
  if (id.endsWith("_at")) return when(run[id]);
  return h("bdi", {}, run[id] ?? "");
}

function memberColumn(member) {
  const unit = unitOf(member);
  return {
    id: member.id,
    label: unit ? `${member.name} [${unit}]` : member.name,
    sort: member.numeric ? member.id : null, // the API sorts by numbers alone
    end: member.numeric,
    cell: (run) => h("bdi", {}, cellText(run, member.id, unit)),
    text: (run) => cellText(run, member.id, unit),
  };
}

/** The ids of the columns where nobody has chosen: if there are too many, results and what varies come before the rest. */
export function firstColumns(members) {
  const [parameters, results] = [members.of("parameters"), members.of("results")];
  const ranked = [true, false].flatMap((varies) => [...results, ...parameters].filter((each) => Boolean(each.varies) === varies));
  const wanted = new Set(ranked.slice(0, MOST - FIRST.length));
  const shown = [...parameters, ...results].filter((each) => wanted.has(each)).map((each) => each.id);
  return [...FIRST, ...shown, ...(members.of("labels").length ? ["labels"] : [])];
}
