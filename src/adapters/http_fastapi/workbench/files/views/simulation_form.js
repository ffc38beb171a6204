/** Makes a simulation, or changes one. */

import { h } from "../lib/dom.js";
import { today } from "../lib/days.js";
import { field, form, readLabels, writeLabels } from "../ui/forms.js";
import { dialog } from "../ui/pieces.js";

const SPAN = 30; // days of a new plan

function fields(simulation) {
  const text = h("textarea", { rows: "3" });
  text.value = simulation.description ?? "";
  const labels = h("textarea", { rows: "2", spellcheck: "false" });
  labels.value = writeLabels(simulation.labels);
  return [
    field("#/name", "Name", h("input", { value: simulation.name, autocomplete: "off" })),
    field("#/start_date", "Planned from", h("input", { type: "date", value: simulation.start_date })),
    field("#/end_date", "Planned to", h("input", { type: "date", value: simulation.end_date })),
    field("#/description", "Description", text, { read: () => text.value.trim() || null }),
    field("#/labels", "Labels", labels, { help: "One on each line, like project=wing", read: () => readLabels(labels.value) }),
  ];
}

/** Asks for a new simulation and makes it; gives it, or null. */
export function newSimulation(context) {
  const blank = { name: "", start_date: today(), end_date: today(SPAN), labels: {} };
  return dialog("New simulation", (close) =>
    form({ label: "Create", fields: fields(blank), close, send: (values) => context.api.create("/simulations", values, context.signal) }),
  );
}

/** Changes a simulation, unless it was changed meanwhile; gives what it is now, or null. */
export function changeSimulation(context, simulation, etag) {
  return dialog("Edit the simulation", (close) =>
    form({
      label: "Save",
      fields: fields(simulation),
      close,
      async send(values) {
        const { labels: old } = simulation;
        const gone = Object.keys(old).filter((key) => !(key in values.labels));
        const body = { ...values, labels: { ...values.labels, ...Object.fromEntries(gone.map((key) => [key, null])) } };
        try {
          return (await context.api.request("PATCH", `/simulations/${simulation.id}`, { body, headers: { "If-Match": etag }, signal: context.signal })).body;
        } catch (error) {
          if (error.status === 412) error.message = "Somebody has changed this simulation since you opened it. Close this, look at what it is now, and edit it again.";
          throw error;
        }
      },
    }),
  );
}
