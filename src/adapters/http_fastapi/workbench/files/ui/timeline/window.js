/** The time that is in sight: from one moment to another, over a width in px. */

import { DAY } from "../../lib/days.js";

const SHORTEST = 15 * 60e3; // ms that can be seen at once
const LONGEST = 10400 * 365.25 * DAY; // all years that a plan may have, and a margin
const EARLIEST = -62.2e12; // ms, about the year 1
const LATEST = 253.5e12; // ms, about the year 9999
const AROUND_NOW = 30 * DAY; // ms before and after now that "Today" shows at most

/** Moments are ms since 1970. `changed()` is called whenever something else is in sight. */
export class TimeWindow {
  constructor(changed) {
    this.from = 0;
    this.to = DAY;
    this.width = 1; // px
    this.isChosen = false; // by the reader, not fitted to what there is
    this.changed = changed;
  }

  /** Shows from one moment to another, with a margin on both sides as a part of the whole. */
  show(from, to, margin = 0) {
    const half = (Math.min(Math.max(to - from, SHORTEST), LONGEST) / 2) * (1 + 2 * margin);
    const middle = Math.min(Math.max((from + to) / 2, EARLIEST), LATEST);
    this.from = middle - half;
    this.to = middle + half;
    this.changed();
  }

  choose(from, to) {
    this.isChosen = true;
    this.show(from, to);
  }

  /** Shows a `factor` of the time, round a place: 0 is the left end, 1 the right one. */
  zoom(factor, place = 0.5) {
    const time = this.from + (this.to - this.from) * place;
    this.choose(time - (time - this.from) * factor, time + (this.to - time) * factor);
  }

  /** Moves by a part of what is in sight; to later moments where it is positive. */
  move(part) {
    const by = (this.to - this.from) * part;
    this.choose(this.from + by, this.to + by);
  }

  showNow() {
    const half = Math.min((this.to - this.from) / 2, AROUND_NOW);
    this.choose(Date.now() - half, Date.now() + half);
  }

  /** Where a moment is, in px from the left; outside of 0 to `width` where it is out of sight. */
  x(time) {
    return ((time - this.from) / (this.to - this.from)) * this.width;
  }

  /** The moment at a place in px. */
  at(x) {
    return this.from + (x / this.width) * (this.to - this.from);
  }
}
