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

const CONTAINERS = new Set(["DIV", "SECTION", "DETAILS", "DL", "TABLE", "THEAD", "TBODY", "TR"]);

/**
 * Has an element contain these nodes, but leaves what is there already, or looks the same, as it is: it keeps the focus,
 * what is selected in it, where it is scrolled to, and a press that has begun. What looks the same must do the same.
 */
export function update(element, ...children) {
  const before = [...element.childNodes];
  const take = (isIt) => {
    const at = before.findIndex(isIt);
    return at < 0 ? null : before.splice(at, 1)[0];
  };
  const wanted = nodes(children).map((child) => (child instanceof Node ? child : document.createTextNode(child)));
  const kept = wanted.map((child) => take((each) => each === child) ?? take((each) => each.isEqualNode(child)));
  wanted.forEach((child, index) => {
    if (kept[index] || !CONTAINERS.has(child.nodeName)) return;
    kept[index] = take((each) => each.cloneNode(false).isEqualNode(child.cloneNode(false)));
    if (kept[index]) update(kept[index], ...child.childNodes);
  });
  for (const each of before) each.remove();
  let next = element.firstChild;
  wanted.forEach((child, index) => {
    const node = kept[index] ?? child;
    if (node === next) next = next.nextSibling;
    else element.insertBefore(node, next);
  });
}

/** Replaces what an element contains. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}
