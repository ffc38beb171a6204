import { h } from "../lib/dom.js";

export async function compareView(context) {
  return { title: "compare", element: h("h1", {}, "compare") };
}
