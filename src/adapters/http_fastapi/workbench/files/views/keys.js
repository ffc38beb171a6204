import { h } from "../lib/dom.js";

export async function keysView(context) {
  return { title: "keys", element: h("h1", {}, "keys") };
}
