/** Addresses within the page, like `#/runs/ID?tab=history`: they can be shared, and no server sees them. */

/** `{path: ["runs", "ID"], query: {tab: "history"}}`; a parameter that is repeated gives an array. */
export function parseHash(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const params = {};
  for (const [name, value] of new URLSearchParams(query))
    params[name] = name in params ? [params[name], value].flat() : value;
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
