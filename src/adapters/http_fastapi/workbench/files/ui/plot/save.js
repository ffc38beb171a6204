/** Saves a plot as SVG or PNG, as it is seen. */

import { download } from "../pieces.js";

const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];
const SHARPNESS = 2; // pixels of the PNG for one of the page

/** The text of an SVG file that needs no style sheet. */
export function svgText(picture) {
  const copy = picture.cloneNode(true);
  const originals = [picture, ...picture.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, index) => {
    const style = getComputedStyle(original);
    for (const name of KEPT) copies[index].setAttribute(name, style.getPropertyValue(name));
    copies[index].removeAttribute("class");
    copies[index].removeAttribute("tabindex");
  });
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width: "100%", height: "100%", fill: getComputedStyle(document.body).backgroundColor })) ground.setAttribute(name, value);
  copy.prepend(ground);
  copy.querySelectorAll("[visibility=hidden]").forEach((each) => each.remove());
  return new XMLSerializer().serializeToString(copy);
}

export function saveSvg(picture, name) {
  download(`${name}.svg`, new Blob([svgText(picture)], { type: "image/svg+xml" }));
}

/** Raises where the browser cannot draw it. */
export async function savePng(picture, name) {
  const url = URL.createObjectURL(new Blob([svgText(picture)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.clientWidth * SHARPNESS;
    canvas.height = picture.clientHeight * SHARPNESS;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    download(`${name}.png`, await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture cannot be drawn."))), "image/png")));
  } finally {
    URL.revokeObjectURL(url);
  }
}
