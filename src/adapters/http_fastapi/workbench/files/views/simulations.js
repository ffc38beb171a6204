import { h } from "../lib/dom.js";

export async function simulationsView(context) {
  return { title: "simulations", element: h("h1", {}, "simulations") };
}
