/** Small pieces that all views use. */

import { fill, h, svg } from "../lib/dom.js";
import { ago, exactMoment } from "../lib/format.js";
import { link } from "../lib/router.js";

export const STATUSES = ["queued", "running", "succeeded", "failed", "cancelled"];
const MINUTE = 60e3; // ms
const SIGNS = {
  queued: "M3 8h10",
  running: "M5 3l8 5-8 5z",
  succeeded: "M3 8.5l3.5 3.5L13 4.5",
  failed: "M4 4l8 8M12 4l-8 8",
  cancelled: "M8 2.5a5.5 5.5 0 1 0 .01 0M4.2 11.8l7.6-7.6",
};

/** A status by colour, sign and word. */
export function statusBadge(status) {
  return h(
    "span",
    { class: "status", dataset: { status } },
    svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: SIGNS[status] })),
    status,
  );
}

/** Labels as chips; with `hrefOf(key, value)` each is a link, to a filter for instance. */
export function chips(labels, hrefOf = null) {
  return h(
    "span",
    { class: "chips" },
    Object.entries(labels).map(([key, text]) =>
      h(hrefOf ? "a" : "span", { class: "chip", href: hrefOf?.(key, text), title: `${key}: ${text}` }, h("b", {}, key), " ", h("bdi", {}, text)),
    ),
  );
}

/** Labels as chips that are buttons: `filterBy("key:value")` is called for the one that is clicked. */
export function chipButtons(labels, filterBy) {
  return h(
    "span",
    { class: "chips" },
    Object.entries(labels).map(([key, text]) =>
      h("button", { type: "button", class: "chip", title: `Only ${key}: ${text}`, on: { click: () => filterBy(`${key}:${text}`) } }, h("b", {}, key), " ", h("bdi", {}, text)),
    ),
  );
}

/** "3 hours ago", with the exact moment as its title. */
export function when(text) {
  return text ? h("time", { class: "ago", datetime: text, title: exactMoment(text) }, ago(text)) : "";
}

/** Has all that `when` has made go with the time, as the page stays open. */
export function keepTime() {
  setInterval(() => {
    for (const each of document.querySelectorAll("time.ago")) each.textContent = ago(each.dateTime);
  }, MINUTE);
}

export function simulationLink(id, name) {
  return h("a", { href: link(["simulations", id]) }, h("bdi", {}, name));
}

export function runLink(id, name) {
  return h("a", { href: link(["runs", id]) }, name ? h("bdi", {}, name) : h("code", {}, id.slice(-12)));
}

/**
 * A button; `kind`: "primary", "danger" or none. What an asynchronous `onClick` raises is said in a toast; until it ends,
 * the button does not begin it again.
 */
export function button(label, onClick, { kind = "", ...props } = {}) {
  let isBusy = false;
  const click = async (event) => {
    if (isBusy) return;
    isBusy = true;
    try {
      await onClick(event);
    } catch (error) {
      if (error.name !== "AbortError") toast(error.message);
    } finally {
      isBusy = false;
    }
  };
  return h("button", { type: "button", class: `button ${kind}`.trim(), on: { click }, ...props }, label);
}

/** A button that copies a text and says so. */
export function copyButton(text, label = "Copy") {
  const made = button(label, async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      made.textContent = "Copied";
    } catch {
      made.textContent = "Select it and copy by hand";
    }
    setTimeout(() => (made.textContent = label), 1500);
  });
  return made;
}

/** A block of code with a button that copies it. */
export function code(text) {
  return h("div", { class: "code" }, h("pre", { tabindex: "0" }, h("code", {}, text)), copyButton(text));
}

/** Shows what went wrong, in the words of the service. */
export function problem(error, retry = null) {
  return h(
    "div",
    { class: "notice bad", role: "alert" },
    h("p", {}, error.message),
    error.errors?.length
      ? h("ul", {}, error.errors.map((each) => h("li", {}, `${each.pointer ?? each.parameter ?? each.header}: ${each.detail}`)))
      : null,
    error.requestId ? h("p", { class: "muted" }, `Request ${error.requestId}`) : null,
    retry && button("Try again", retry),
  );
}

/** Tabs as links: `[[label, href, isCurrent], …]`. */
export function tabs(label, entries) {
  return h(
    "nav",
    { class: "tabs", "aria-label": label },
    entries.map(([text, href, current]) => h("a", { href, "aria-current": current ? "page" : null }, text)),
  );
}

/** A message that goes by itself; screen readers hear it. */
export function toast(text) {
  let place = document.querySelector(".toasts");
  if (!place) document.body.append((place = h("div", { class: "toasts", role: "status", "aria-live": "polite" })));
  const shown = h("p", {}, text);
  place.append(shown);
  setTimeout(() => shown.remove(), 4000);
}

/**
 * A modal dialog; resolves with what `close(value)` is called with, null where it is dismissed.
 * `build(close)` gives its content.
 */
export function dialog(title, build) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: "dialog-title" }, title);
    const element = h("dialog", { "aria-labelledby": "dialog-title" }, heading);
    let result = null;
    const close = (value) => {
      result = value;
      element.close();
    };
    element.append(h("div", {}, build(close)));
    element.addEventListener("close", () => {
      element.remove();
      resolve(result);
    });
    document.body.append(element);
    element.showModal();
  });
}

/** A name as a part of the name of a file: letters and digits of any script, "goatfish" where it has none. */
export function fileName(name) {
  if (!/[\p{L}\p{N}]/u.test(name)) return "goatfish";
  return [...name.replace(/(?:[^\p{L}\p{M}\p{N} _-]|\p{Variation_Selector})+/gu, "_")].slice(0, 60).join("");
}

/** Saves a blob as a file. */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Runs `load`, and shows its nodes, or what went wrong, in `place`. A control in it that has the focus keeps it. */
export async function loaded(place, load) {
  place.setAttribute("aria-busy", "true");
  try {
    const made = await load();
    const focused = place.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    if (made.parentNode !== place) fill(place, made);
    if (focused) (place.querySelector(`[aria-label="${CSS.escape(focused)}"]`) ?? document.querySelector("#main")).focus({ preventScroll: true });
  } catch (error) {
    if (error.name !== "AbortError") fill(place, problem(error, () => loaded(place, load)));
  } finally {
    place.removeAttribute("aria-busy");
  }
}
