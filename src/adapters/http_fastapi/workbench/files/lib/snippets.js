/** Lines to copy that get the same as a view shows. They take the key from the environment, so none is in them. */

import { queryString } from "./api.js";

/** A curl command for a path of the API. */
export function curlSnippet(path, params = {}) {
  const query = queryString(params);
  const url = `${location.origin}/api/v1${path}${query && `?${query}`}`;
  return `curl -H "X-API-Key: $GOATFISH_KEY" '${url.replaceAll("'", "%27")}'`;
}

/** Python for the client library; `lines` follow `client`. */
export function pythonSnippet(...lines) {
  return [
    "import goatfish",
    "",
    `client = goatfish.Client()  # GOATFISH_URL=${location.origin} and GOATFISH_KEY`,
    ...lines,
  ].join("\n");
}
