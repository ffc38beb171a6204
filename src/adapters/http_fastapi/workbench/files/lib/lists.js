/** A list of the API page by page, for a table. */

const PAGE = 100; // objects, the most that the API gives at a time

/** `next()` gives the next objects, null where there are no more; `reset(params)` begins with others. */
export function pager(context, path, params) {
  let cursor = null;
  let ended = false;
  return {
    async next() {
      if (ended) return null;
      const page = await context.api.get(path, { ...params, limit: PAGE, cursor }, context.signal);
      cursor = page.next_cursor;
      ended = !cursor;
      return page.items;
    },
    get ended() {
      return ended;
    },
    reset(next) {
      params = next;
      cursor = null;
      ended = false;
    },
  };
}
