import { h } from "../lib/dom.js";

export async function simulationView(context) {
  return { title: "simulation", element: h("h1", {}, "simulation") };
}
