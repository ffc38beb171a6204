/** Follows the feed of changes, so that views show what happens while they are open. */

const INTERVAL = 1000; // ms between two questions; an ended key is noticed within two seconds
const HIDDEN_INTERVAL = 15000; // ms, while the tab is not visible
const LONGEST_WAIT = 30000; // ms, while the service cannot be reached

export class Live extends EventTarget {
  /** Events: `changes` (detail: revisions, the oldest first), `state` (detail: "live" or "away"). */
  constructor(api) {
    super();
    this.api = api;
    this.stopped = new AbortController();
    this.state = "live";
  }

  start() {
    document.addEventListener("visibilitychange", () => this.wake?.(), { signal: this.stopped.signal });
    this.#follow();
  }

  stop() {
    this.stopped.abort();
    this.wake?.();
  }

  async #follow() {
    let after = "latest";
    let failures = 0;
    while (!this.stopped.signal.aborted) {
      let more = false;
      let wait = document.hidden ? HIDDEN_INTERVAL : INTERVAL;
      try {
        const page = await this.api.get("/changes", { after, limit: 100 }, this.stopped.signal);
        after = page.next_cursor;
        more = page.has_more;
        failures = 0;
        this.#say("live");
        if (page.items.length) this.dispatchEvent(new CustomEvent("changes", { detail: page.items }));
      } catch (error) {
        if (error.name === "AbortError" || error.status === 401) return;
        if (error.status === 403) await this.#askWhoami(); // a key that may read nothing can still end
        else if (error.code === "changes_forgotten") after = "latest";
        else {
          failures += 1;
          this.#say("away");
          wait = Math.min((error.retryAfter ?? 1) * 1000 * 2 ** Math.min(failures - 1, 5), LONGEST_WAIT);
        }
      }
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
