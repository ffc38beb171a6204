/** What stands around every view: where to go, who is signed in, whether the page is live. */

import { fill, h } from "../lib/dom.js";
import { remember, remembered } from "../lib/session.js";
import { button } from "./pieces.js";

const PLACES = [
  ["simulations", "Simulations"],
  ["keys", "Keys"],
];
const THEMES = ["auto", "light", "dark"];

export function shell({ me, live, signOut }) {
  const main = h("main", { id: "main", tabindex: "-1" });
  const links = new Map(PLACES.map(([name, label]) => [name, h("a", { href: `#/${name}` }, label)]));
  const state = h("span", { class: "live", role: "status" }, "Live");
  live.addEventListener("state", ({ detail }) => {
    state.dataset.state = detail;
    state.textContent = detail === "live" ? "Live" : "Reconnecting …";
  });
  const element = h(
    "div",
    { class: "shell" },
    h("a", { class: "skip", href: "#main", on: { click: (event) => (event.preventDefault(), main.focus()) } }, "Skip to content"),
    h(
      "header",
      { class: "bar" },
      h("a", { class: "brand", href: "#/simulations" }, "Goatfish"),
      h("nav", { "aria-label": "Main" }, ...links.values(), h("a", { href: "/docs" }, "API")),
      h("span", { class: "space" }),
      state,
      h("span", { class: "who", title: `Signed in with the key ${me.key.name}` }, h("bdi", {}, me.owner.name)),
      themeButton(),
      button("Sign out", signOut),
    ),
    main,
  );
  return {
    element,
    show(content) {
      const focused = main.contains(document.activeElement) && document.activeElement;
      const tab = focused && focused.closest(".tabs") && focused.getAttribute("href");
      main.removeAttribute("aria-busy");
      fill(main, content);
      window.scrollTo(0, 0);
      if (focused) ([...main.querySelectorAll(".tabs a")].find((each) => each.getAttribute("href") === tab) ?? main).focus({ preventScroll: true });
    },
    /** Says which view is being loaded. */
    begin(place) {
      main.setAttribute("aria-busy", "true");
      for (const [name, anchor] of links)
        if (name === place || (place !== "keys" && name === "simulations")) anchor.setAttribute("aria-current", "page");
        else anchor.removeAttribute("aria-current");
    },
  };
}

function themeButton() {
  const label = () => `Theme: ${remembered("theme", "auto")}`;
  const made = button(label(), () => {
    const next = THEMES[(THEMES.indexOf(remembered("theme", "auto")) + 1) % THEMES.length];
    remember("theme", next);
    applyTheme();
    made.textContent = label();
  });
  return made;
}

/** Shows the page in the theme that the reader has chosen. */
export function applyTheme() {
  document.documentElement.dataset.theme = remembered("theme", "auto");
}
