/** Saves a plot as SVG or PNG, as it is seen. */

import { svg } from "../../lib/dom.js";
import { download } from "../pieces.js";
import { legendGroup } from "./legend.js";

const INHERITED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor"];
const ALPHA = /^rgba\((.+), ([\d.]+)\)$/; // many viewers of SVG read no transparent colours
const NO_XML = /[\ufffe\uffff]/g; // names may have them, but XML may not
const SHARPNESS = 2; // pixels of the PNG for one of the page

/** The text of an SVG file that needs no style sheet, with the legend below the plot where there is one. */
export function svgText(picture, legend = null) {
  return new XMLSerializer().serializeToString(standalone(picture, legend)).replace(NO_XML, "\ufffd");
}

function standalone(picture, legend) {
  const copy = picture.cloneNode(true);
  const copies = copy.querySelectorAll("*");
  writeStyle(picture, copy, null);
  picture.querySelectorAll("*").forEach((original, index) => writeStyle(original, copies[index], getComputedStyle(original.parentNode)));
  copy.querySelectorAll("[visibility=hidden]").forEach((each) => each.remove());
  let height = picture.clientHeight;
  if (legend) {
    const made = legendGroup(legend, 16, height + 8);
    made.group.setAttribute("fill", getComputedStyle(document.body).color);
    copy.append(made.group);
    height += made.height;
  }
  copy.setAttribute("height", height);
  copy.setAttribute("viewBox", `0 0 ${picture.clientWidth} ${height}`);
  copy.prepend(svg("rect", { width: "100%", height: "100%", fill: getComputedStyle(document.body).backgroundColor }));
  return copy;
}

/** Writes what style sheets say into attributes, as far as it is not inherited. */
function writeStyle(original, copy, inherited) {
  const style = getComputedStyle(original);
  for (const name of ["class", "tabindex"]) copy.removeAttribute(name);
  for (const name of INHERITED) {
    const value = style.getPropertyValue(name);
    if (inherited?.getPropertyValue(name) === value) continue;
    const [, colour, alpha] = ALPHA.exec(value) ?? [];
    copy.setAttribute(name, colour ? `rgb(${colour})` : value);
    if (colour) copy.setAttribute(`${name}-opacity`, alpha);
  }
  if (style.opacity !== "1") copy.setAttribute("opacity", style.opacity);
}

export function saveSvg(picture, legend, name) {
  download(`${name}.svg`, new Blob([svgText(picture, legend)], { type: "image/svg+xml" }));
}

/** Raises where the browser cannot draw it. */
export async function savePng(picture, legend, name) {
  const url = URL.createObjectURL(new Blob([svgText(picture, legend)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * SHARPNESS;
    canvas.height = image.naturalHeight * SHARPNESS;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    download(`${name}.png`, await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture cannot be drawn."))), "image/png")));
  } finally {
    URL.revokeObjectURL(url);
  }
}
