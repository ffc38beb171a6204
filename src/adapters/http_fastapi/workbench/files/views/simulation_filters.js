/** The filters and orders of the list of simulations, as the API has them; and what the feed changes in such a list. */

import { h } from "../lib/dom.js";
import { afterRevisions } from "../lib/lists.js";

export const FILTERS = ["name", "active_on", "start_date_from", "start_date_to", "end_date_from", "end_date_to"];
const DATES = [
  ["start_date_from", "Starts from"],
  ["start_date_to", "Starts until"],
  ["end_date_from", "Ends from"],
  ["end_date_to", "Ends until"],
];

/** The form; `change({name: value})` is called for what is entered. */
export function filterForm(state, change) {
  const input = (name, label, props) => {
    const element = h("input", { ...props, value: state[name] ?? "", "aria-label": label, on: { change: () => change({ [name]: element.value.trim() }) } });
    return element;
  };
  const label = h("input", { placeholder: "project:wing", size: "14", "aria-label": "Label, like project:wing", autocomplete: "off" });
  function onSubmit(event) {
    event.preventDefault();
    const text = label.value.trim();
    label.value = "";
    if (text && !state.label.includes(text)) change({ label: [...state.label, text] });
  }
  return h(
    "form",
    { class: "tools", role: "search", "aria-label": "Filters", on: { submit: onSubmit } },
    input("name", "Name contains", { type: "search", placeholder: "Name contains …", autocomplete: "off" }),
    label,
    h("button", { type: "submit", class: "button" }, "Add label"),
    h("label", {}, "Active on", input("active_on", "Active on", { type: "date" })),
    h(
      "details",
      { class: "menu", open: DATES.some(([name]) => state[name]) },
      h("summary", { class: "button" }, "Dates"),
      h("div", {}, DATES.map(([name, text]) => h("label", {}, text, input(name, text, { type: "date" })))),
    ),
  );
}

/** Whether a simulation fulfils filters `{name, active_on, …, label: [KEY or KEY:VALUE, …]}`. */
function fulfils(simulation, filters) {
  const { start_date: start, end_date: end, labels } = simulation;
  const day = filters.active_on;
  return (
    (!filters.name || folded(simulation.name).includes(folded(filters.name))) &&
    (!day || (start <= day && day <= end)) &&
    (!filters.start_date_from || start >= filters.start_date_from) &&
    (!filters.start_date_to || start <= filters.start_date_to) &&
    (!filters.end_date_from || end >= filters.end_date_from) &&
    (!filters.end_date_to || end <= filters.end_date_to) &&
    (filters.label ?? []).every((text) => {
      const [key, value] = text.split(/:(.*)/s);
      return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
    })
  );
}

/** Compares two simulations by a sort of the API, like "-created_at"; equal ones by their ids. */
function order(sort) {
  const member = sort.replace("-", "");
  const sign = sort.startsWith("-") ? -1 : 1;
  const value = (each) => (member === "name" ? folded(each.name) : each[member]);
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return (a, b) => sign * (compare(value(a), value(b)) || compare(a.id, b.id));
}

/** The loaded part of a list that `params` were asked for, after revisions of simulations. */
export function takeOver(simulations, revisions, params, list) {
  return afterRevisions(simulations, revisions, { compare: order(params.sort), isWanted: (each) => fulfils(each, params), list });
}

/** Text by which names are compared; close to the case folding of Unicode that the API has. */
export function folded(text) {
  return text.toUpperCase().toLowerCase();
}
