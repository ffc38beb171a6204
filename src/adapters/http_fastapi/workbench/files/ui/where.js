/** A line for conditions like parameters.alpha>=12, which completes names as one types. */

import { fill, h } from "../lib/dom.js";

const OPERATORS = ["=", "!=", "<", "<=", ">", ">="];
const MOST = 12; // suggestions

/** `suggestions(text, members)`: how the text could go on. Members: of parameters and results. */
export function suggestions(text, members) {
  const [, name, operator, value] = /^([A-Za-z0-9_.-]*)\s*(=|!=|<=?|>=?)?\s*(.*)$/s.exec(text);
  const exact = members.find((each) => each.id === name);
  if (operator) {
    const texts = exact ? [...exact.texts].map((each) => (typeof each === "boolean" ? String(each) : JSON.stringify(each))) : [];
    return texts.filter((each) => (each.startsWith(value) || each.startsWith(`"${value}`)) && each !== value).map((each) => `${name}${operator}${each}`).slice(0, MOST);
  }
  const wanted = name.toLowerCase();
  const names = members.filter((each) => each.id.toLowerCase().startsWith(wanted) || each.name.toLowerCase().startsWith(wanted));
  const signs = exact ? (exact.numeric ? OPERATORS : OPERATORS.slice(0, 2)) : [];
  return [...signs.map((each) => `${name}${each}`), ...names.filter((each) => each !== exact).map((each) => each.id)].slice(0, MOST);
}

/** The line: `members()` gives what can be compared, `add(condition)` takes a finished one, and raises what is wrong with it. */
export function whereLine({ members, add }) {
  const id = "where-list";
  const input = h("input", {
    class: "where",
    placeholder: "Where, like parameters.alpha>=12",
    "aria-label": "Where: a condition on a parameter or result",
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
    "aria-describedby": "where-error",
    autocomplete: "off",
    spellcheck: "false",
  });
  const list = h("ul", { class: "suggestions", id, role: "listbox", "aria-label": "Completions", hidden: true });
  const error = h("p", { class: "field-error", id: "where-error", role: "alert" });
  let current = -1;

  function open() {
    const offered = suggestions(input.value.trim(), members());
    current = -1;
    fill(list, offered.map((text, index) => h("li", { role: "option", id: `${id}-${index}`, "aria-selected": "false", on: { mousedown: (event) => (event.preventDefault(), take(text)) } }, text)));
    show(offered.length > 0);
  }

  function show(isOpen) {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) input.removeAttribute("aria-activedescendant");
  }

  function take(text) {
    input.value = text;
    open();
  }

  function step(by) {
    const options = [...list.children];
    if (!options.length) return;
    options[current]?.setAttribute("aria-selected", "false");
    current = current < 0 && by < 0 ? options.length - 1 : (current + by + options.length) % options.length;
    options[current].setAttribute("aria-selected", "true");
    options[current].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[current].id);
  }

  function say(text) {
    error.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  /** Adds what is written; it stays there to be mended where it is refused. */
  async function submit() {
    const text = input.value.trim();
    show(false);
    if (!text) return;
    try {
      await add(text);
      if (input.value.trim() === text) input.value = "";
      say("");
    } catch (refused) {
      say(refused.errors?.map((each) => each.detail).join(" ") || refused.message);
    }
  }

  function onKey(event) {
    if (event.key === "ArrowDown") list.hidden ? open() : step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Escape" && !list.hidden) show(false);
    else if ((event.key === "Enter" || event.key === "Tab") && current >= 0 && !list.hidden) take(list.children[current].textContent);
    else if (event.key === "Enter") submit();
    else return;
    if (event.key !== "Tab" || current >= 0) event.preventDefault();
  }

  input.addEventListener("input", () => (say(""), open()));
  input.addEventListener("focus", open);
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", onKey);
  return h("div", { class: "completing" }, input, list, error);
}
