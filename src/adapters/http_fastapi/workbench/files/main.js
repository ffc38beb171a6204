/** Signs in, and shows the view that the address names. */

import { Api, part } from "./lib/api.js";
import { fill, h } from "./lib/dom.js";
import { Live, ViewFeed } from "./lib/live.js";
import { isId, link, parseHash } from "./lib/router.js";
import { forgetKey, onStoredKey, replaceKey, storeKey, storedKey } from "./lib/session.js";
import { closeMenus } from "./ui/menus.js";
import { button, keepTime, problem } from "./ui/pieces.js";
import { applyTheme, shell } from "./ui/shell.js";
import { signInView } from "./views/sign_in.js";

/**
 * By the first part of the address, a function that loads the view. A view gives `{title, element}` for a context, whose
 * `signal` ends with it, and whose `again()` shows it anew.
 */
const VIEWS = {
  simulations: async ({ path }) => (path[1] ? (await import("./views/simulation.js")).simulationView : (await import("./views/simulations.js")).simulationsView),
  runs: async ({ path }) => (path[1] ? (await import("./views/run.js")).runView : notFoundView),
  compare: async () => (await import("./views/compare.js")).compareView,
  keys: async () => (await import("./views/keys.js")).keysView,
};

let session = null; // {api, live, me, shell}
let left = new AbortController(); // aborts what the view before still loads

window.addEventListener("hashchange", () => {
  closeDialogs(); // they belong to the view that is left
  show();
});
onStoredKey((old, key) => {
  if (session?.api.key !== old || storedKey() === old) return; // it is not of that key, or has it for itself
  if (key === null) end("You have signed out in another tab, or the key is no longer valid.");
  else leave();
  if (key !== null) show();
});
closeMenus();
keepTime();
applyTheme();
show();

async function show() {
  left.abort();
  left = new AbortController();
  const { signal } = left;
  const route = parseHash(location.hash);
  if (route.path[0] === "sign-in") {
    history.replaceState(null, "", link(["simulations"])); // the code is not left in the address
    await redeem(route.path[1]);
    return;
  }
  if (!session && !(await begin(signal))) return;
  if (signal.aborted) return;
  const place = route.path[0] ?? "simulations";
  const { api, me } = session;
  const live = new ViewFeed(session.live, signal);
  const context = { api, live, me, signal, again: loadAgain, ...route, setQuery: (query) => signal.aborted || setQuery(route.path, query), adopt, can: (scope) => me.scopes.includes(scope) };
  session.shell.begin(place);
  let made;
  try {
    const isThere = Object.hasOwn(VIEWS, place) && (route.path[1] === undefined || isId(route.path[1]));
    const view = isThere ? await part(VIEWS[place](route)) : notFoundView;
    made = await view(context);
  } catch (error) {
    if (error.name === "AbortError") return;
    made = { title: "Not shown", element: problem(error, show) };
  }
  if (signal.aborted || !session) return;
  document.title = `${made.title} · Goatfish`;
  session.shell.show(made.element);
  live.settle();
  setTimeout(loadOthers, 1000);
}

/** Loads the views that have not been looked at, so that they are there when a newer version is served meanwhile. */
function loadOthers() {
  for (const load of Object.values(VIEWS)) for (const path of [[], ["", "x"]]) load({ path }).catch(() => {});
}

/** Remembers the state of a view in its address, without showing it again; not that of a view that was left. */
function setQuery(path, query) {
  if (link(parseHash(location.hash).path) === link(path)) history.replaceState(null, "", link(path, query));
}

/** Goes on with the key that has taken the place of this session's. */
function adopt(made) {
  replaceKey(session.api.key, made.key);
  session.api.key = made.key;
  session.me.key = made;
}

/** Makes the session of the stored key, or shows the way to sign in; returns whether there is a session. */
async function begin(signal) {
  const key = storedKey();
  if (!key) {
    askForKey();
    return false;
  }
  const api = new Api(key, () => live.stopped.signal.aborted || refused(live, api.key));
  const live = new Live(api);
  let me;
  try {
    [me] = await Promise.all([api.get("/me", {}, signal), live.start()]);
  } catch (error) {
    live.stop();
    if (error.name !== "AbortError" && error.status !== 401) fill(document.body, notBegun(error));
    return false;
  }
  if (session || signal.aborted) {
    live.stop();
    return Boolean(session) && !signal.aborted;
  }
  session = { api, live, me, shell: shell({ me, live, signOut: () => end("You have signed out.") }) };
  live.addEventListener("missed", loadAgain);
  live.addEventListener("state", ({ detail }) => detail === "live" && document.querySelector("main .notice.bad .button") && loadAgain()); // what failed meanwhile
  fill(document.body, session.shell.element);
  return true;
}

/** What there is to do where the service did not answer at the start. */
function notBegun(error) {
  return h("main", { class: "sign-in" }, h("h1", {}, "Goatfish"), problem(error, show), button("Sign out", () => end("You have signed out.")));
}

/** Makes the view anew; what a dialog has is not lost. */
function loadAgain() {
  const open = document.querySelector("dialog");
  if (open) open.addEventListener("close", show, { once: true });
  else show();
}

function refused(live, key) {
  live.stop();
  const other = storedKey(); // another tab has rolled it
  if (other && other !== key) {
    leave();
    show();
  } else end("The key is no longer valid: it was revoked or has expired. Sign in with another.", key);
}

/** Ends the session, and forgets this key, or without one whatever key there is. */
function end(message, key = null) {
  leave();
  forgetKey(key);
  askForKey(message);
}

function leave() {
  left.abort();
  session?.live.stop();
  session = null;
}

function closeDialogs() {
  for (const open of document.querySelectorAll("dialog")) open.close();
}

function askForKey(message = null) {
  document.title = "Sign in · Goatfish";
  closeDialogs();
  fill(
    document.body,
    signInView({
      message,
      signIn(key, remember) {
        storeKey(key, remember);
        show();
      },
    }),
  );
  document.querySelector("#key").focus();
}

async function redeem(code) {
  const response = await fetch("/workbench/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code: code ?? "" }),
  }).catch(() => null);
  if (response?.ok) {
    leave();
    storeKey((await response.json()).key, false);
    show();
  } else if (storedKey()) show();
  else askForKey([404, 422].includes(response?.status) ? "This sign-in link has been used or has expired. Sign in with a key." : "The service cannot be reached. Open the link again later, or sign in with a key.");
}

function notFoundView() {
  return {
    title: "Not found",
    element: h("div", { class: "empty" }, h("h1", {}, "There is no such page"), h("p", {}, h("a", { href: "#/simulations" }, "All simulations"))),
  };
}
