/** Follows the feed of changes, so that views show what happens while they are open. */

const INTERVAL = 1000; // ms between two questions; an ended key is noticed within two seconds
const HIDDEN_INTERVAL = 15000; // ms, while the tab is not visible
const LONGEST_WAIT = 30000; // ms, while the service cannot be reached
const PATIENCE = 15000; // ms, after which a question without an answer has failed

export class Live extends EventTarget {
  /**
   * Events: `changes` (detail: revisions, the oldest first), `missed` (there were changes that the service cannot tell, or
   * may have been), `state` (detail: "live" or "away").
   */
  constructor(api) {
    super();
    this.api = api;
    this.stopped = new AbortController();
    this.state = "live";
  }

  /** Resolves when the feed has begun: all that is asked for from then on is followed. */
  start() {
    document.addEventListener("visibilitychange", () => this.wake?.(), { signal: this.stopped.signal });
    return new Promise((resolve) => this.#follow(resolve));
  }

  stop() {
    this.stopped.abort();
    this.wake?.();
  }

  async #follow(begun) {
    let after = "latest";
    let failures = 0;
    let isMissing = false; // whether there may be changes that were never told
    while (!this.stopped.signal.aborted) {
      let more = false;
      let wait = document.hidden ? HIDDEN_INTERVAL : INTERVAL;
      try {
        const page = await this.api.get("/changes", { after, limit: 100 }, AbortSignal.any([this.stopped.signal, AbortSignal.timeout(PATIENCE)]));
        after = page.next_cursor;
        more = page.has_more;
        failures = 0;
        this.#say("live");
        if (isMissing) this.dispatchEvent(new Event("missed"));
        isMissing = false;
        if (page.items.length) this.dispatchEvent(new CustomEvent("changes", { detail: page.items }));
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        if (error.status === 403) await this.#askWhoami(); // a key that may read nothing can still end
        else if (error.code === "changes_forgotten") [after, isMissing, more] = ["latest", true, true];
        else {
          failures += 1;
          isMissing ||= after === "latest";
          this.#say("away");
          wait = Math.min((error.retryAfter ?? 1) * 1000 * 2 ** Math.min(failures - 1, 5), LONGEST_WAIT);
        }
      }
      begun();
      if (!more) await this.#sleep(wait);
    }
  }

  async #askWhoami() {
    try {
      await this.api.get("/me", {}, this.stopped.signal);
    } catch {
      // a refused key is told to the page by the client itself
    }
  }

  #say(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  #sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * The changes for one view, from the moment it begins to load until `signal` ends it. Whoever listens gets what has come
 * before as well, until `settle` is called: it may be newer than what the view has loaded.
 */
export class ViewFeed extends EventTarget {
  #before = [];

  constructor(live, signal) {
    super();
    live.addEventListener("changes", ({ detail }) => this.#tell(detail), { signal });
  }

  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
    if (type === "changes" && this.#before?.length) listener(new CustomEvent(type, { detail: [...this.#before] }));
  }

  settle() {
    this.#before = null;
  }

  #tell(revisions) {
    this.#before?.push(...revisions);
    this.dispatchEvent(new CustomEvent("changes", { detail: revisions }));
  }
}
