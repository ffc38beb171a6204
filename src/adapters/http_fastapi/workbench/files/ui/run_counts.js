/** What runs a simulation has: asked for when it is in sight. */

import { fill, h, svg } from "../lib/dom.js";
import { queue } from "../lib/queue.js";
import { link } from "../lib/router.js";
import { STATUSES, statusBadge, when } from "./pieces.js";

const AT_ONCE = 4; // requests
const WIDTH = 80; // px of the bar

/** The counts and the last runs of many simulations, each asked for once until it is forgotten. */
export function runCounts(context) {
  const later = queue(AT_ONCE);
  const counts = cells(later, async (id) => {
    const summary = await context.api.get(`/simulations/${id}/summary`, {}, context.signal);
    return { title: countsText(summary), nodes: countsBar(summary) };
  });
  const lastRuns = cells(later, async (id) => {
    const { items } = await context.api.get("/runs", { simulation_id: id, limit: 1 }, context.signal);
    return { title: "", nodes: items.map(lastRun) };
  });
  return {
    /** An element that shows the counts of this simulation as soon as they are there. */
    cell: (id) => counts.cell(id),
    /** The same for the run that was recorded last. */
    lastRun: (id) => lastRuns.cell(id),
    /** Asks again for those that are in sight, as their runs have changed. */
    forget(ids) {
      for (const each of [counts, lastRuns]) each.forget(ids);
    },
  };
}

/** Elements, one for each id, which `load(id)` fills, giving `{title, nodes}`, if they are in the document when their turn comes. */
function cells(later, load) {
  const places = new Map(); // elements by id
  const filled = new Set(); // ids

  async function ask(id, again = false) {
    const place = places.get(id);
    try {
      await later(async () => {
        if ((filled.has(id) && !again) || !place.isConnected) return; // else scrolled past
        const { title, nodes } = await load(id);
        filled.add(id);
        fill(place, nodes).title = title;
        place.removeAttribute("aria-busy");
      });
    } catch {
      // asked for again when it is drawn again
    }
  }

  return {
    cell(id) {
      if (!places.has(id)) places.set(id, h("span", { class: "counts", "aria-busy": "true" }));
      if (!filled.has(id)) requestAnimationFrame(() => setTimeout(() => ask(id))); // the rows are painted first
      return places.get(id);
    },
    forget(ids) {
      for (const id of ids)
        if (places.has(id)) {
          filled.delete(id);
          ask(id, true);
        }
    },
  };
}

function lastRun(run) {
  return [h("a", { href: link(["runs", run.id]), title: run.name ?? "" }, statusBadge(run.status)), " ", when(run.finished_at ?? run.started_at ?? run.created_at)];
}

/** "118 succeeded, 2 failed". */
export function countsText({ by_status: counts }) {
  return STATUSES.filter((status) => counts[status]).map((status) => `${counts[status]} ${status}`).join(", ") || "no runs";
}

/** The number of runs, and a bar of their statuses. */
export function countsBar({ runs, by_status: counts }) {
  if (!runs) return h("span", { class: "muted" }, "none");
  let x = 0;
  const parts = STATUSES.filter((status) => counts[status]).map((status) => {
    const width = (counts[status] / runs) * WIDTH;
    const part = svg("rect", { x, width: Math.max(width, 1.5), height: 8, dataset: { status } });
    x += width;
    return part;
  });
  return [h("span", { class: "number" }, runs), svg("svg", { class: "status-bar", viewBox: `0 0 ${WIDTH} 8`, width: WIDTH, height: 8, role: "img", "aria-label": countsText({ by_status: counts }) }, parts)];
}
