/** Signs in, and shows the view that the address names. */

import { Api } from "./lib/api.js";
import { fill, h } from "./lib/dom.js";
import { Live } from "./lib/live.js";
import { link, parseHash } from "./lib/router.js";
import { forgetKey, storeKey, storedKey } from "./lib/session.js";
import { problem } from "./ui/pieces.js";
import { shell } from "./ui/shell.js";
import { signInView } from "./views/sign_in.js";

/**
 * By the first part of the address, a function that loads the view. A view gives `{title, element}` for a context, whose
 * `signal` ends with it.
 */
const VIEWS = {
  simulations: async ({ path }) => (path[1] ? (await import("./views/simulation.js")).simulationView : (await import("./views/simulations.js")).simulationsView),
  runs: async ({ path }) => (path[1] ? (await import("./views/run.js")).runView : notFoundView),
  compare: async () => (await import("./views/compare.js")).compareView,
  keys: async () => (await import("./views/keys.js")).keysView,
};

let session = null; // {api, live, me, shell}
let left = new AbortController(); // aborts what the view before still loads

window.addEventListener("hashchange", show);
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
  const { api, live, me } = session;
  const context = { api, live, me, signal, ...route, setQuery: (query) => signal.aborted || setQuery(route.path, query), adopt, can: (scope) => me.scopes.includes(scope) };
  session.shell.setCurrent(place);
  let made;
  try {
    const view = Object.hasOwn(VIEWS, place) ? await VIEWS[place](route) : notFoundView;
    made = await view(context);
  } catch (error) {
    if (error.name === "AbortError") return;
    made = { title: "Not shown", element: problem(error, show) };
  }
  if (signal.aborted || !session) return;
  document.title = `${made.title} · Goatfish`;
  session.shell.show(made.element);
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
  storeKey(made.key, Boolean(localStorage.getItem("goatfish.key")));
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
  const api = new Api(key, () => end("The key is no longer valid: it was revoked or has expired. Sign in with another."));
  let me;
  try {
    me = await api.get("/me", {}, signal);
  } catch (error) {
    if (error.name !== "AbortError" && error.status !== 401) fill(document.body, problem(error, show));
    return false;
  }
  if (session || signal.aborted) return Boolean(session) && !signal.aborted;
  const live = new Live(api);
  session = { api, live, me, shell: shell({ me, live, signOut: () => end("You have signed out.") }) };
  fill(document.body, session.shell.element);
  live.start();
  return true;
}

function end(message) {
  left.abort();
  session?.live.stop();
  session = null;
  forgetKey();
  askForKey(message);
}

function askForKey(message = null) {
  document.title = "Sign in · Goatfish";
  for (const open of document.querySelectorAll("dialog")) open.close();
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
    session?.live.stop();
    session = null;
    storeKey((await response.json()).key, false);
    show();
  } else if (storedKey()) show();
  else askForKey(response ? "This sign-in link has been used or has expired. Sign in with a key." : "The service cannot be reached.");
}

function notFoundView() {
  return {
    title: "Not found",
    element: h("div", { class: "empty" }, h("h1", {}, "There is no such page"), h("p", {}, h("a", { href: "#/simulations" }, "All simulations"))),
  };
}
