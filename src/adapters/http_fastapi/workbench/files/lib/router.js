/** Addresses within the page, like `#/runs/ID?tab=history`: they can be shared, and no server sees them. */

const REPEATED = new Set(["label", "where", "runs"]);
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is an id of the service; nothing else may become a part of a path that is asked for. */
export function isId(text) {
  return ID.test(text);
}

/** `{path: ["runs", "ID"], query: {tab: "history"}}`; a filter that is repeated gives an array, else the last counts. */
export function parseHash(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const params = Object.create(null); // a parameter may have any name
  for (const [name, value] of new URLSearchParams(query))
    params[name] = name in params && REPEATED.has(name) ? [params[name], value].flat() : value;
  return { path: path.split("/").filter(Boolean).map(decoded), query: params };
}

/** `link(["runs", id], {tab: "history"})`: the address. */
export function link(path, query = {}) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const each of [value].flat()) if (each !== null && each !== undefined && each !== "") params.append(name, each);
  const text = params.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
