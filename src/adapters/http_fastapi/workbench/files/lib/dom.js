/** Makes elements. Text is always a text node, so nothing that a tenant has written becomes markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `props`: `class`, `dataset`, `on` (listeners by event), properties that are no attributes (`value`,
 * `checked`, `indeterminate`), and attributes; true gives an empty attribute, false, null and undefined give none.
 * Children: nodes, text, numbers, arrays of them; null and false are left out.
 */
export function h(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

const PROPERTIES = new Set(["value", "checked", "indeterminate", "disabled", "selected", "hidden", "open"]);

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (PROPERTIES.has(name) && name in element) element[name] = value ?? "";
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replaces what an element contains. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}
