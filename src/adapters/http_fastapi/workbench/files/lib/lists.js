/** A list of the API page by page, for a table. */

const PAGE = 100; // objects, the most that the API gives at a time

/**
 * `next()` gives the next objects, null where there are no more; `last` is the last one that it has given, as it was then;
 * `reset(params)` begins with others.
 */
export function pager(context, path, params) {
  let cursor = null;
  let ended = false;
  let last = null;
  return {
    async next() {
      if (ended) return null;
      const page = await context.api.get(path, { ...params, limit: PAGE, cursor }, context.signal);
      cursor = page.next_cursor;
      ended = !cursor;
      last = page.items.at(-1) ?? last;
      return page.items;
    },
    get last() {
      return last;
    },
    get ended() {
      return ended;
    },
    reset(next) {
      params = next;
      cursor = null;
      ended = false;
      last = null;
    },
  };
}

/**
 * The loaded part of a list after revisions: without objects that are gone or no longer wanted, the others in their
 * places. What belongs behind the part that `list`, a pager, has given comes with its own page.
 */
export function afterRevisions(items, revisions, { compare, isWanted, list }) {
  for (const { action, id, after } of revisions) {
    const at = items.findIndex((each) => each.id === id);
    if (after && items[at]?.updated_at === after.updated_at) continue; // it was loaded as it is now
    if (at >= 0) items = items.toSpliced(at, 1);
    if (action === "deleted" || !isWanted(after) || !(list.ended || compare(after, list.last) <= 0)) continue;
    const place = items.findIndex((each) => compare(after, each) < 0);
    items = items.toSpliced(place < 0 ? items.length : place, 0, after);
  }
  return items;
}
