/** How many runs a simulation has, by status: asked for when it is in sight. */

import { fill, h, svg } from "../lib/dom.js";
import { queue } from "../lib/queue.js";
import { STATUSES } from "./pieces.js";

const AT_ONCE = 4; // requests
const WIDTH = 80; // px of the bar

/** The counts of many simulations, each asked for once until it is forgotten. */
export function runCounts(context) {
  const known = new Map(); // promises of summaries, by simulation
  const places = new Map(); // elements that show them
  const later = queue(AT_ONCE);

  function of(id) {
    if (!known.has(id)) known.set(id, later(() => context.api.get(`/simulations/${id}/summary`, {}, context.signal)));
    return known.get(id);
  }

  async function show(id, place) {
    try {
      const summary = await of(id);
      fill(place, countsBar(summary));
      place.title = countsText(summary);
    } catch {
      known.delete(id); // asked for again when it is drawn again
    }
  }

  return {
    /** An element that shows the counts of this simulation as soon as they are there. */
    cell(id) {
      const place = h("span", { class: "counts" });
      places.set(id, place);
      show(id, place);
      return place;
    },
    /** Asks again for those that are in sight, as their runs have changed. */
    forget(ids) {
      for (const id of ids) {
        known.delete(id);
        const place = places.get(id);
        if (place?.isConnected) show(id, place);
      }
    },
  };
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
