/** The table of simulations. */

import { pager } from "../lib/lists.js";
import { runCounts } from "../ui/run_counts.js";
import { table } from "../ui/table.js";
import { chipButtons, simulationLink, when } from "../ui/pieces.js";
import { takeOver } from "./simulation_filters.js";

/** The rows that the API gives for `params`; `filterBy(label)` and `sortBy(sort)` ask for others. */
export async function simulationTable({ context, params, filterBy, sortBy }) {
  const list = pager(context, "/simulations", params);
  const first = await list.next();
  const counts = context.can("runs:read") && runCounts(context);
  const columns = [
    { id: "name", label: "Name", sort: "name", cell: (each) => simulationLink(each.id, each.name), text: (each) => each.name },
    { id: "start_date", label: "Planned from", sort: "start_date", cell: (each) => each.start_date, width: 15 },
    { id: "end_date", label: "Planned to", sort: "end_date", cell: (each) => each.end_date, width: 14 },
    counts && { id: "runs", label: "Runs", cell: (each) => counts.cell(each.id), width: 18 },
    counts && { id: "last", label: "Last run", cell: (each) => counts.lastRun(each.id), width: 28 },
    { id: "labels", label: "Labels", cell: (each) => chipButtons(each.labels, filterBy), text: (each) => Object.entries(each.labels).flat().join("   ") },
    { id: "created_at", label: "Created", sort: "created_at", cell: (each) => when(each.created_at), width: 16 },
  ].filter(Boolean);
  /** The next page, without what the feed has brought already. */
  async function more() {
    const page = await list.next();
    const known = new Set(made.rows.map((each) => each.id));
    return page && page.filter((each) => !known.has(each.id));
  }
  const made = table({ label: "Simulations", columns, key: (each) => each.id, sort: params.sort, onSort: sortBy, more });
  made.setRows(first, list.ended);
  return {
    element: made.element,
    isEmpty: first.length === 0,
    onChange(revisions) {
      made.setRows(takeOver(made.rows, revisions, params, list), list.ended);
    },
    onRuns(revisions) {
      const ids = revisions.flatMap((each) => [each.before, each.after]).map((run) => run?.simulation_id);
      counts?.forget(new Set(ids.filter(Boolean)));
    },
  };
}
