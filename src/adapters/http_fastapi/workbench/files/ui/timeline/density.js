/** Many runs in little room: how many begin in each part of the time, by status. */

import { STATUSES } from "../pieces.js";

const PART = 6; // px
const HEIGHT = 10; // px of the part with the most runs
const LEAST = 2; // px of one run

/**
 * For runs `{begin, status}` in a TimeWindow: `{length, parts, paths}`. `parts` has the counts by status of each part, by its
 * number since 1970 (`length` ms each, so that they stand still while one moves); `paths` has the data of an SVG path for
 * each status, upwards from `bottom` px. Heights grow by square roots: one run is seen beside a thousand.
 */
export function density(runs, time, bottom) {
  const length = (PART / time.width) * (time.to - time.from);
  const parts = new Map();
  for (const { begin, status } of runs) {
    const number = Math.floor(begin / length);
    const counts = parts.get(number) ?? {};
    counts[status] = (counts[status] ?? 0) + 1;
    parts.set(number, counts);
  }
  const most = Math.max(1, ...[...parts.values()].map(total));
  const paths = {};
  for (const [number, counts] of parts) {
    const all = total(counts);
    const height = LEAST + (HEIGHT - LEAST) * Math.sqrt(all / most);
    let y = bottom;
    for (const status of STATUSES.filter((each) => counts[each])) {
      const own = (height * counts[status]) / all;
      paths[status] = `${paths[status] ?? ""}M${time.x(number * length).toFixed(1)} ${y.toFixed(1)}v${(-own).toFixed(1)}h${PART - 1}v${own.toFixed(1)}z`;
      y -= own;
    }
  }
  return { length, parts, paths };
}

/** The number of runs in counts by status. */
export function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
