/** Says what is under the pointer or has the focus. Screen readers are told by the links themselves. */

import { fill, h } from "../../lib/dom.js";

const BESIDE = 14; // px from the pointer

/** `show(lines, x, y)` at a place of the window, in px; a line is a node or text; none hide it. */
export function hoverCard() {
  const element = h("div", { class: "card", "aria-hidden": "true", hidden: true });
  return {
    element,
    show(lines, x, y) {
      fill(element, lines.filter(Boolean).map((line) => h("div", {}, line)));
      element.hidden = lines.length === 0;
      const { width, height } = element.getBoundingClientRect();
      element.style.left = `${Math.max(4, Math.min(x + BESIDE, innerWidth - width - 4))}px`;
      element.style.top = `${y + BESIDE + height > innerHeight ? Math.max(4, y - BESIDE - height) : y + BESIDE}px`;
    },
    hide() {
      element.hidden = true;
    },
  };
}
