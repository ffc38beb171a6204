/** The keys of the owner, for whoever may manage them: issue, roll, revoke. */

import { fill, h } from "../lib/dom.js";
import { moment } from "../lib/format.js";
import { button, code, dialog, loaded, problem, toast, when } from "../ui/pieces.js";

const SCOPES = ["keys:manage", "runs:read", "runs:write", "simulations:read", "simulations:write", "webhooks:manage"]; // all that there are
const OVERLAPS = [
  [0, "at once"],
  [3600, "in an hour"],
  [86400, "in a day"],
  [604800, "in a week"],
];

export async function keysView(context) {
  if (!context.can("keys:manage")) return { title: "Keys", element: withoutScope(context.me) };
  const list = h("div", {});
  const reload = () => loaded(list, async () => table(context, await all(context), reload));
  await reload();
  return {
    title: "Keys",
    element: h(
      "article",
      {},
      h("div", { class: "title" }, h("h1", {}, "Keys"), button("New key", () => issue(context, reload), { kind: "primary" })),
      h("p", { class: "muted" }, "Whoever has a key reads and writes what its scopes allow. Give every program and person a key of its own, so that each can be revoked by itself."),
      list,
    ),
  };
}

function withoutScope(me) {
  return h(
    "article",
    {},
    h("h1", {}, "Keys"),
    h("p", { class: "notice" }, "This key may not manage keys: it lacks the scope keys:manage."),
    h("dl", { class: "facts" }, h("dt", {}, "Key in use"), h("dd", {}, h("bdi", {}, me.key.name)), h("dt", {}, "May"), h("dd", {}, me.scopes.join(", ")), h("dt", {}, "Expires"), h("dd", {}, me.expires_at ? moment(me.expires_at) : "never")),
  );
}

async function all(context) {
  const keys = [];
  for await (const page of context.api.pages("/keys", {}, context.signal)) keys.push(...page.items);
  return keys;
}

/** "valid", "revoked" or "expired". */
export function keyState(key, now = Date.now()) {
  if (key.revoked_at && new Date(key.revoked_at) <= now) return "revoked";
  return key.expires_at && new Date(key.expires_at) <= now ? "expired" : "valid";
}

function table(context, keys, reload) {
  const head = ["Name", "Key", "May", "Created", "Last used", "Expires", "State", ""];
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Keys" },
    h(
      "table",
      { class: "plain wide" },
      h("thead", {}, h("tr", {}, head.map((name) => (name ? h("th", { scope: "col" }, name) : h("td", {}))))),
      h("tbody", {}, keys.map((key) => row(context, key, reload))),
    ),
  );
}

function row(context, key, reload) {
  const state = keyState(key);
  const own = key.id === context.me.key.id;
  return h(
    "tr",
    { class: state === "valid" ? "" : "ended" },
    h("th", { scope: "row" }, h("bdi", {}, key.name), own && h("span", { class: "muted" }, " (in use here)")),
    h("td", {}, h("code", {}, `${key.prefix}…`)),
    h("td", {}, SCOPES.every((scope) => key.scopes.includes(scope)) ? "everything" : key.scopes.join(", ")),
    h("td", {}, when(key.created_at)),
    h("td", {}, key.last_used_at ? when(key.last_used_at) : "never"),
    h("td", {}, key.expires_at ? moment(key.expires_at) : "never"),
    h("td", {}, state),
    h(
      "td",
      { class: "actions" },
      state === "valid" && [
        button("Roll", () => roll(context, key, own, reload), { "aria-label": `Roll ${key.name}` }),
        !own && button("Revoke", () => revoke(context, key, reload), { kind: "danger", "aria-label": `Revoke ${key.name}` }),
      ],
    ),
  );
}

async function issue(context, reload) {
  const made = await dialog("New key", (close) => {
    const name = h("input", { id: "key-name", required: true, maxlength: "100" });
    const until = h("input", { id: "key-until", type: "datetime-local" });
    const scopes = context.me.scopes.map((scope) => h("label", { class: "check" }, h("input", { type: "checkbox", value: scope, checked: scope.endsWith(":read") }), scope));
    return form("Issue", close, [
      h("label", { for: "key-name" }, "Name"),
      name,
      h("fieldset", {}, h("legend", {}, "It may"), scopes),
      h("label", { for: "key-until" }, "Expires (empty: with the key in use)"),
      until,
    ], () =>
      context.api.create("/keys", {
        name: name.value,
        scopes: scopes.map((label) => label.firstChild).filter((box) => box.checked).map((box) => box.value),
        expires_at: until.value ? new Date(until.value).toISOString() : null,
      }, context.signal),
    );
  });
  if (made) await showSecret(made);
  if (made) await reload();
}

async function roll(context, key, own, reload) {
  const made = await dialog(`Roll ${key.name}`, (close) => {
    const overlap = h("select", { id: "overlap" }, OVERLAPS.map(([seconds, label]) => h("option", { value: seconds, selected: seconds === 86400 }, label)));
    return form("Roll", close, [
      h("p", {}, "A new key takes its place, with the same name and scopes.", own && " This page goes on with the new one."),
      h("label", { for: "overlap" }, "The old key ends"),
      overlap,
    ], () => context.api.create(`/keys/${key.id}/roll`, { overlap_seconds: Number(overlap.value) }, context.signal));
  });
  if (!made) return;
  if (own) context.adopt(made);
  await showSecret(made);
  await reload();
}

async function revoke(context, key, reload) {
  const done = await dialog(`Revoke ${key.name}?`, (close) =>
    form("Revoke", close, [h("p", {}, "Programs that use it are refused within a second. This cannot be undone.")], async () => {
      await context.api.request("DELETE", `/keys/${key.id}`, { signal: context.signal });
      return true;
    }, "danger"),
  );
  if (!done) return;
  toast(`${key.name} is revoked.`);
  await reload();
}

/** A form in a dialog: `send` gives what the dialog closes with; what it raises is shown. */
function form(label, close, content, send, kind = "primary") {
  const failure = h("div", {});
  const submit = h("button", { type: "submit", class: `button ${kind}` }, label);
  return h(
    "form",
    {
      class: "stack",
      on: {
        async submit(event) {
          event.preventDefault();
          submit.disabled = true;
          try {
            close(await send());
          } catch (error) {
            if (error.name !== "AbortError") fill(failure, problem(error));
          } finally {
            submit.disabled = false;
          }
        },
      },
    },
    content,
    failure,
    h("div", { class: "tools" }, submit, button("Cancel", () => close(null))),
  );
}

function showSecret(made) {
  return dialog(`Key ${made.name}`, (close) => [
    h("p", {}, made.key ? "Copy it now: it is shown only once." : "The key was made before, and is not shown again: roll it to get another."),
    made.key && code(made.key),
    h("div", { class: "tools" }, button("Done", () => close(true), { kind: "primary" })),
  ]);
}
