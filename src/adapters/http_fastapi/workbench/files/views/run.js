import { h } from "../lib/dom.js";

export async function runView(context) {
  return { title: "run", element: h("h1", {}, "run") };
}
