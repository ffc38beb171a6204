/** Makes a simulation, or changes one. */

import { h } from "../lib/dom.js";
import { today } from "../lib/days.js";
import { difference } from "../lib/difference.js";
import { own } from "../lib/own.js";
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

/**
 * Changes a simulation; gives what it is now, or null. Only members that were edited are sent. Where somebody else has
 * changed it meanwhile, the form says to what, and nothing is changed until it is sent again.
 */
export function changeSimulation(context, simulation, etag) {
  const path = `/simulations/${simulation.id}`;
  const { signal } = context;
  let known = simulation; // what the user has seen of it
  return dialog("Edit the simulation", (close) =>
    form({
      label: "Save",
      fields: fields(simulation),
      close,
      async send(values) {
        try {
          return (await context.api.request("PATCH", path, { body: patch(simulation, values), headers: { "If-Match": etag }, signal })).body;
        } catch (error) {
          if (error.status !== 412) throw error;
          const latest = await context.api.request("GET", path, { signal });
          error.message = "Somebody has changed this simulation since you opened it: see below. Save again to apply your edits to the new version, or cancel to keep it as it is.";
          error.errors = changesByField(known, latest.body);
          etag = latest.etag;
          known = latest.body;
          throw error;
        }
      },
    }),
  );
}

/** What of the values differs from the simulation; labels that are gone become null. */
function patch(simulation, { labels, ...values }) {
  const body = Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== simulation[name]));
  const changed = union(simulation.labels, labels).filter((key) => own(simulation.labels, key) !== own(labels, key));
  return changed.length ? { ...body, labels: Object.fromEntries(changed.map((key) => [key, own(labels, key) ?? null])) } : body;
}

/** What somebody else has changed, as the service's errors point at fields. */
function changesByField(before, after) {
  const texts = new Map();
  for (const { member, after: now } of difference(before, after)) {
    const [field_, ...key] = member.split(".");
    const text = key.length ? `${key.join(".")}${now === undefined ? " removed" : `=${now}`}` : (now ?? "none");
    texts.set(field_, [...(texts.get(field_) ?? []), text]);
  }
  return [...texts].map(([name, changed]) => ({ pointer: `#/${name}`, detail: `Changed meanwhile: ${changed.join(", ")}` }));
}

function union(a, b) {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
