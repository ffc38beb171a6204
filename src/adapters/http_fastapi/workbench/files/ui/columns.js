/** Which columns a table shows, and in which order. */

import { fill, h } from "../lib/dom.js";
import { button, dialog } from "./pieces.js";

/**
 * Asks; `all` is `[{id, label}, …]`, `shown` the ids in their order, `first` those that are shown before anybody chooses.
 * Gives ids, or null where it is dismissed.
 */
export function chooseColumns(all, shown, first) {
  let order;
  let chosen;
  const labels = new Map(all.map((each) => [each.id, each.label]));
  const list = h("ul", { class: "column-list" });

  function draw(focus = null) {
    fill(list, order.map(entry));
    if (!focus) return;
    const [wanted, other] = [focus.name, focus.name === "up" ? "down" : "up"].map((name) => list.querySelector(`[data-focus="${CSS.escape(`${name}-${focus.id}`)}"]`));
    (wanted.disabled ? other : wanted).focus();
  }

  function begin(ids) {
    order = [...ids, ...all.map((each) => each.id).filter((id) => !ids.includes(id))];
    chosen = new Set(ids);
    draw();
  }

  function move(id, by, focus) {
    const from = order.indexOf(id);
    const to = from + by;
    if (to < 0 || to >= order.length) return;
    order.splice(from, 1);
    order.splice(to, 0, id);
    draw(focus);
  }

  function entry(id, index) {
    const label = labels.get(id);
    const box = h("input", { type: "checkbox", checked: chosen.has(id), on: { change: (event) => (event.target.checked ? chosen.add(id) : chosen.delete(id)) } });
    const arrow = (text, by, name) => button(text, () => move(id, by, { id, name }), { "aria-label": `Move ${label} ${name}`, "data-focus": `${name}-${id}`, disabled: by < 0 ? index === 0 : index === order.length - 1 });
    return h(
      "li",
      {
        draggable: "true",
        on: {
          dragstart: (event) => event.dataTransfer.setData("text/plain", id),
          dragover: (event) => event.preventDefault(),
          drop(event) {
            event.preventDefault();
            const dropped = event.dataTransfer.getData("text/plain");
            if (labels.has(dropped)) move(dropped, order.indexOf(id) - order.indexOf(dropped));
          },
        },
      },
      h("label", { class: "check" }, box, h("bdi", {}, label)),
      arrow("↑", -1, "up"),
      arrow("↓", 1, "down"),
    );
  }

  begin(shown);
  return dialog("Columns", (close) => [
    h("p", { class: "muted" }, "Choose what the table shows. Drag a row, or use its arrows, to reorder."),
    list,
    h("div", { class: "tools" }, button("Show these", () => close(order.filter((id) => chosen.has(id))), { kind: "primary" }), button("As at first", () => begin(first)), button("Cancel", () => close(null))),
  ]);
}
