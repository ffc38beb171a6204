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
    return { title: countsText(summary), nodes: () => countsBar(summary) };
  });
  const lastRuns = cells(later, async (id) => {
    const { items } = await context.api.get("/runs", { simulation_id: id, limit: 1 }, context.signal);
    return { title: "", nodes: () => items.map(lastRun) };
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

/** Elements which `load(id)` fills, giving `{title, nodes()}`, where they are in the document when their turn comes. */
function cells(later, load) {
  const known = new Map(); // what was loaded, by simulation
  const places = new Map(); // elements that show it

  function show(place, { title, nodes }) {
    fill(place, nodes());
    place.title = title;
  }

  async function ask(id, again = false) {
    try {
      await later(async () => {
        const isLeft = () => !places.get(id)?.isConnected; // scrolled past
        if ((known.has(id) && !again) || isLeft()) return;
        known.set(id, await load(id));
        if (!isLeft()) show(places.get(id), known.get(id));
      });
    } catch {
      // asked for again when it is drawn again
    }
  }

  return {
    cell(id) {
      const place = h("span", { class: "counts" });
      places.set(id, place);
      if (known.has(id)) show(place, known.get(id));
      else requestAnimationFrame(() => setTimeout(() => ask(id))); // the rows are painted first
      return place;
    },
    forget(ids) {
      for (const id of ids) if (known.delete(id) || places.has(id)) ask(id, true);
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
