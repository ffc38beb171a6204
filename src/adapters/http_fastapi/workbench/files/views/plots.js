import { h } from "../lib/dom.js";

export async function plotsTab() {
  return h("p", {}, "Plots");
}
