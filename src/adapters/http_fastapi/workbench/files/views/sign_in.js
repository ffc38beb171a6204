/** Asks for an API key. */

import { h } from "../lib/dom.js";

export function signInView({ message, signIn }) {
  const key = h("input", { id: "key", name: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const remember = h("input", { type: "checkbox", id: "remember", "aria-describedby": "remember-help" });
  const wrong = h("p", { class: "field-error", id: "key-error", role: "alert" });
  const form = h(
    "form",
    {
      on: {
        submit(event) {
          event.preventDefault();
          const text = key.value.trim();
          if (/^[\x21-\x7e]+$/.test(text)) signIn(text, remember.checked);
          else wrong.textContent = "That is no API key: one begins with gf_ and has no spaces.";
        },
      },
    },
    h("label", { for: "key" }, "API key"),
    key,
    wrong,
    h("div", { class: "check" }, remember, h("label", { for: "remember" }, "Remember me")),
    h("p", { class: "muted", id: "remember-help" }, "Without it the key is kept in this tab and is gone when you close it. With it the key is stored in this browser, where everybody who uses this computer account can read it, until you sign out."),
    h("button", { type: "submit", class: "button primary" }, "Sign in"),
  );
  return h(
    "main",
    { class: "sign-in" },
    h("h1", {}, "Goatfish"),
    h("p", {}, "Sign in to see your simulations and their runs."),
    message && h("p", { class: "notice", role: "status" }, message),
    form,
    h("p", { class: "muted" }, "You get a key from whoever runs this service, or from a colleague who may manage keys. ", h("a", { href: "/docs" }, "The API"), " takes the same keys."),
  );
}
