/** Forms that say at each field what the service has against it. */

import { fill, h } from "../lib/dom.js";
import { button, problem } from "./pieces.js";

/** A field: `{pointer, element, read()}`. `pointer` is where the service's errors point, like "#/name". */
export function field(pointer, label, input, { help = null, read = () => input.value } = {}) {
  const id = `field-${pointer.replaceAll(/[^a-z_]/g, "")}`;
  const error = h("p", { class: "field-error", id: `${id}-error` });
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-error${help ? ` ${id}-help` : ""}`);
  return {
    pointer,
    read,
    element: h("div", { class: "field" }, h("label", { for: id }, label), input, help && h("p", { class: "muted", id: `${id}-help` }, help), error),
    /** Shows what is wrong with it, or nothing. */
    say(text) {
      error.textContent = text;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/**
 * A form in a dialog. `send(values)` gets what the fields read, by the last part of their pointers, and gives what the
 * dialog is closed with; errors of the service stand at their fields, all others, and what a conflict means, above the
 * buttons.
 */
export function form({ label, fields = [], content = [], send, close, kind = "primary" }) {
  const failure = h("div", {});
  const submit = h("button", { type: "submit", class: `button ${kind}` }, label);
  async function onSubmit(event) {
    event.preventDefault();
    submit.disabled = true;
    fill(failure);
    for (const each of fields) each.say("");
    try {
      close(await send(Object.fromEntries(fields.map((each) => [each.pointer.slice(2), each.read()]))));
    } catch (error) {
      if (error.name !== "AbortError") tell(error);
    } finally {
      submit.disabled = false;
    }
  }
  function tell(error) {
    const left = (error.errors ?? []).filter((wrong) => {
      const place = fields.find((each) => wrong.pointer === each.pointer || wrong.pointer?.startsWith(`${each.pointer}/`));
      place?.say(wrong.detail);
      return !place;
    });
    if (left.length || !error.errors?.length || error.status === 412) fill(failure, problem({ message: error.message, errors: left, requestId: error.requestId }));
    document.querySelector("dialog [aria-invalid]")?.focus();
  }
  return h("form", { class: "stack", novalidate: true, on: { submit: onSubmit } }, content, fields.map((each) => each.element), failure, h("div", { class: "tools" }, submit, button("Cancel", () => close(null))));
}

/** Reads "project=wing" lines as labels. */
export function readLabels(text) {
  const lines = text.split("\n").filter((each) => each.trim());
  return Object.fromEntries(
    lines.map((line) => {
      const [key, ...rest] = line.split("=");
      return [key.trim(), rest.join("=").trim()];
    }),
  );
}

/** The lines that `readLabels` reads. */
export function writeLabels(labels) {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join("\n");
}
