/** The runs of the simulations in sight, asked for when their row is drawn. */

import { readRuns } from "../../lib/csv.js";
import { queue } from "../../lib/queue.js";

const AT_ONCE = 3; // requests
const PAGE = 100; // runs asked for at first, and again for a time where not all are loaded
const MOST = 10000; // runs loaded of one simulation
const API_FROM = Date.parse("0001-01-01T00:00:00Z");
const API_TO = Date.parse("9999-12-31T23:59:59Z");

/**
 * `changed()` is called when there is more to draw. A run is kept as `{id, name, status, begin, end}`, moments in ms; `end`
 * is null where it has none; it begins when it was recorded where it has not started.
 */
export function timelineRuns({ context, changed, most = MOST }) {
  const known = new Map(); // by simulation: {runs: Map, sorted, fresh: Set, isCut, isDone, note, ending}
  const later = queue(AT_ONCE);

  /** Does some requests for a row, unless or until it is left. */
  async function load(id, own, work) {
    try {
      await later(async () => own.ending.signal.aborted || (await work(AbortSignal.any([context.signal, own.ending.signal]))));
    } catch (error) {
      if (error.name === "AbortError") return;
      own.note = "runs not loaded";
      own.isDone = false; // asked for again when it is drawn again
    }
    changed();
  }

  async function first(id, own, signal) {
    const page = await context.api.get("/runs", { simulation_id: id, limit: PAGE }, signal);
    put(own, page.items.map(kept));
    changed();
    if (page.next_cursor) {
      const response = await context.api.fetch("GET", `/simulations/${id}/runs.csv`, { signal });
      const { columns, rows, isCut } = await readRuns(response, most);
      put(own, rows.map(fromCells(columns)));
      own.isCut = isCut;
      own.note = isCut ? `${own.runs.size} runs drawn, there are more` : "";
    }
    own.isDone = true;
  }

  async function ofTime(id, own, from, to, signal) {
    const times = { started_from: moment(from), started_to: moment(to) };
    const page = await context.api.get("/runs", { simulation_id: id, limit: PAGE, ...times }, signal);
    put(own, page.items.map(kept));
    own.note = page.next_cursor ? "more runs than drawn: zoom in" : "";
  }

  return {
    /** `{runs, note}`: the runs that are known, the first to begin first, and what has to be said about them. */
    of(id) {
      const own = known.get(id);
      if (!own) return { runs: [], note: "" };
      own.sorted ??= [...own.runs.values()].sort((a, b) => a.begin - b.begin);
      return { runs: own.sorted, note: own.note };
    },
    /** Asks for the runs of a simulation whose row is drawn. */
    ask(id) {
      if (!context.can("runs:read") || known.get(id)?.isDone) return;
      const own = { runs: new Map(), sorted: null, fresh: new Set(), isCut: false, isDone: false, note: "", ending: new AbortController() };
      known.set(id, own);
      load(id, own, (signal) => first(id, own, signal));
    },
    /** Asks for those of a time, where not all are loaded. */
    askTime(id, from, to) {
      const own = known.get(id);
      if (own?.isCut) load(id, own, (signal) => ofTime(id, own, from, to, signal));
    },
    /** Ends what is under way for a row that is no longer drawn. */
    leave(id) {
      const own = known.get(id);
      if (!own) return;
      own.ending.abort();
      own.ending = new AbortController();
      if (!own.isDone) known.delete(id);
    },
    /** Takes over what the feed tells of runs. */
    follow(revisions) {
      for (const { id, before, after } of revisions) {
        for (const state of [before, after]) {
          const own = state && known.get(state.simulation_id);
          if (!own) continue;
          own.fresh.add(id);
          own.runs.delete(id);
          if (state === after) own.runs.set(id, kept(after));
          own.sorted = null;
        }
      }
      changed();
    },
  };
}

/** Adds runs, but for those of which the feed has told something newer. */
function put(own, runs) {
  for (const run of runs) if (!own.fresh.has(run.id)) own.runs.set(run.id, run);
  own.sorted = null;
}

function kept(run) {
  return {
    id: run.id,
    name: run.name || null,
    status: run.status,
    begin: Date.parse(run.started_at || run.created_at),
    end: run.finished_at ? Date.parse(run.finished_at) : null,
  };
}

function fromCells(columns) {
  const index = new Map(columns.map((column) => [column.id, column.index]));
  const names = ["id", "name", "status", "started_at", "finished_at", "created_at"];
  return (cells) => {
    const run = Object.fromEntries(names.map((name) => [name, cells[index.get(name)]]));
    return kept(run);
  };
}

function moment(time) {
  return new Date(Math.min(Math.max(time, API_FROM), API_TO)).toISOString();
}
