/** The history of an object: who changed what and when, and the way back to a version. */

import { fill, h, update } from "../lib/dom.js";
import { difference } from "../lib/difference.js";
import { exactQuantity, moment, quantity } from "../lib/format.js";
import { form } from "../ui/forms.js";
import { button, dialog, loaded, toast, when } from "../ui/pieces.js";

const PAGE = 20; // revisions
const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** The history of a simulation or a run, the latest first. `kind`: "simulation" or "run". */
export function historyTab({ context, kind, id }) {
  const path = `/${kind}s/${encodeURIComponent(id)}`;
  const list = h("ol", { class: "revisions" });
  const more = button("Show more", () => loaded(foot, () => next()), { hidden: true });
  const foot = h("div", {}, more);
  const actors = actorNames(context);
  const made = new Map(); // entries by version; that of the latest is made anew when it is no longer the latest
  let latest = null; // version
  let cursor = null;
  let asked = 0; // of what was asked for, only the last is shown

  async function next() {
    const mine = (asked += 1);
    const isFirst = cursor === null;
    const page = await context.api.get(`${path}/revisions`, { limit: PAGE, cursor }, context.signal);
    if (mine !== asked) return more;
    cursor = page.next_cursor;
    if (isFirst && latest !== page.items[0]?.version) {
      made.delete(latest);
      latest = page.items[0]?.version;
    }
    const entries = page.items.map((each) => {
      if (!made.has(each.version)) made.set(each.version, entry(each));
      return made.get(each.version);
    });
    if (isFirst) update(list, entries);
    else list.append(...entries);
    more.hidden = !cursor;
    return more;
  }

  function entry(revision) {
    const rows = difference(revision.before, revision.after);
    const restorable = revision.after && revision.version !== latest && context.can(`${kind}s:write`);
    const who = h("bdi", {}, revision.actor === "operator" ? "an operator" : revision.actor);
    actors(revision.actor, (name) => fill(who, name));
    return h(
      "li",
      { dataset: { version: revision.version } },
      h(
        "div",
        { class: "revision-head" },
        h("b", {}, `Version ${revision.version}`),
        h("span", {}, `${revision.action} by `, who),
        when(revision.at),
        restorable && button("Restore", () => restore(revision), { "aria-label": `Restore version ${revision.version}` }),
      ),
      rows.length ? differenceTable(rows, revision) : h("p", { class: "muted" }, "Nothing that is shown here changed."),
    );
  }

  async function restore(revision) {
    const isDone = await dialog(`Restore version ${revision.version}?`, (close) =>
      form({
        label: "Restore",
        close,
        content: h("p", {}, `The ${kind} becomes what it was on ${moment(revision.at)}, as a new version. Nothing of the history is lost.`),
        send: () => context.api.create(`${path}/restore`, { version: revision.version }, context.signal),
      }),
    );
    if (!isDone) return;
    toast(`Version ${revision.version} is restored.`);
    await reload();
  }

  async function reload() {
    cursor = null;
    await loaded(foot, () => next());
  }

  const onChanges = ({ detail }) => detail.some((each) => each.id === id) && reload();
  context.live.addEventListener("changes", onChanges, { signal: context.signal });
  reload();
  return h("section", { "aria-label": "History" }, list, foot);
}

function differenceTable(rows, revision) {
  const created = revision.before === null;
  const gone = revision.after === null;
  return h(
    "details",
    { open: !created && !gone },
    h("summary", {}, created ? "What it was created with" : gone ? "What was deleted" : count(rows.length)),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { class: "plain even" },
        h("thead", {}, h("tr", {}, ["Member", !created && "Before", !gone && "After"].filter(Boolean).map((name) => h("th", { scope: "col" }, name)))),
        h(
          "tbody",
          {},
          rows.map(({ member, before, after }) =>
            h("tr", {}, h("th", { scope: "row" }, h("code", {}, member)), !created && h("td", {}, shown(before, after)), !gone && h("td", {}, shown(after, before))),
          ),
        ),
      ),
    ),
  );
}

function count(number) {
  return number === 1 ? "1 member changed" : `${number} members changed`;
}

/** A member as people read it; with everything that it has where the `other` one reads alike. */
function shown(content, other) {
  if (content === null || content === undefined) return h("span", { class: "muted" }, "none");
  const text = read(content) === read(other) ? exact(content) : read(content);
  return MOMENT.test(content) ? h("time", { datetime: content, title: content }, text) : h("bdi", {}, text);
}

function read(content) {
  if (MOMENT.test(content)) return moment(content);
  if (typeof content !== "object" || content === null) return String(content);
  return "value" in content ? quantity(content) : (content.uri ?? JSON.stringify(content));
}

function exact(content) {
  if (typeof content !== "object") return String(content);
  if ("value" in content) return exactQuantity(content);
  const { uri, bytes, media_type: type, sha256 } = content;
  return uri ? [uri, bytes !== null && `${bytes} B`, type, sha256 && `sha256 ${sha256}`].filter(Boolean).join(", ") : JSON.stringify(content);
}

/** Calls back with the name of the key that made a change, where this key may see it. */
function actorNames(context) {
  const asked = new Map();
  return (actor, tell) => {
    const id = actor.startsWith("key:") ? actor.slice(4) : null;
    if (!id) return;
    if (id === context.me.key.id) tell(`${context.me.key.name} (this key)`);
    else if (context.can("keys:manage")) {
      if (!asked.has(id)) asked.set(id, context.api.get(`/keys/${id}`, {}, context.signal));
      asked.get(id).then(
        (key) => tell(key.name),
        () => {}, // the id has to do
      );
    } else tell(`key ${id.slice(-8)}`);
  };
}

/** An object that is not there: its history, where there is one, or else `error`, the service's own sentence, is raised. */
export async function deletedView({ context, kind, id, error }) {
  let last;
  try {
    [last] = (await context.api.get(`/${kind}s/${encodeURIComponent(id)}/revisions`, { limit: 1 }, context.signal)).items;
  } catch (other) {
    throw other.status === 404 ? error : other;
  }
  context.live.addEventListener("changes", ({ detail }) => detail.some((each) => each.id === id && each.version > last.version) && context.again(), { signal: context.signal });
  return {
    title: `Deleted ${kind}`,
    element: h("article", {}, h("h1", {}, `This ${kind} was deleted`), h("p", {}, "Restore a version to bring it back."), historyTab({ context, kind, id })),
  };
}
