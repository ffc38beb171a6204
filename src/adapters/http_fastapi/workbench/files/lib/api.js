/** The HTTP API, as any other client uses it. */

import { early } from "../early.js";

/** An answer that is not a success, or none at all (`status` 0). */
export class Problem extends Error {
  constructor(status, body, retryAfter = null) {
    super(body.detail || body.title || `The service answered with status ${status}.`);
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? null;
    this.title = body.title ?? "No answer";
    this.errors = body.errors ?? [];
    this.requestId = body.request_id ?? null;
    this.retryAfter = retryAfter;
  }
}

/** What a module gives whose loading is under way; raises Problem where it cannot be loaded. */
export async function part(loading) {
  try {
    return await loading;
  } catch {
    throw new Problem(0, { detail: "This part of the page could not be loaded. Try again, or reload the page." });
  }
}

export class Api {
  /** `onRefused` is called when the key is refused (401), unless `key` has become another meanwhile. */
  constructor(key, onRefused = () => {}) {
    this.key = key;
    this.onRefused = onRefused;
  }

  /** The answer's JSON, with `etag` beside it: `{body, etag, headers}`. Raises Problem; AbortError when aborted. */
  async request(method, path, { params, body, headers, signal } = {}) {
    const response = await this.fetch(method, path, { params, body, headers, signal });
    const text = await response.text();
    return { body: text ? JSON.parse(text) : null, etag: response.headers.get("ETag"), headers: response.headers };
  }

  async get(path, params, signal) {
    return (await this.request("GET", path, { params, signal })).body;
  }

  /** POST of a new object, with an idempotency key so that a retry makes no second one. */
  async create(path, body, signal) {
    const headers = { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) };
    return (await this.request("POST", path, { body, headers, signal })).body;
  }

  /** The response itself, for what is no JSON. Raises Problem. */
  async fetch(method, path, { params, body, headers = {}, signal } = {}) {
    const query = queryString(params);
    const { key } = this;
    const sent = { "X-API-Key": key, ...headers };
    if (body !== undefined) sent["Content-Type"] = "application/json";
    let response;
    try {
      const url = `/api/v1${path}${query && `?${query}`}`;
      const content = body === undefined ? undefined : JSON.stringify(body);
      const asked = method === "GET" ? early(url, this.key) : undefined;
      response = await (asked ?? fetch(url, { method, headers: sent, body: content, signal, credentials: "omit" }));
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, { detail: "The service cannot be reached." });
    }
    if (response.ok) return response;
    let problem = {};
    try {
      problem = await response.json();
    } catch {
      // a proxy's page: the status has to do
    }
    if (response.status === 401 && key === this.key) this.onRefused(); // else another has taken its place meanwhile
    throw new Problem(response.status, problem, Number(response.headers.get("Retry-After")) || null);
  }

  /** Pages of a list, each `{items, next_cursor}`. */
  async *pages(path, params = {}, signal = undefined) {
    let cursor = null;
    do {
      const page = await this.get(path, { limit: 100, ...params, ...(cursor && { cursor }) }, signal);
      yield page;
      cursor = page.next_cursor;
    } while (cursor);
  }
}

/** Query text; an array repeats its parameter; null, undefined and "" leave it out. */
export function queryString(params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {}))
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== null && each !== undefined && each !== "") query.append(name, each);
  return query.toString();
}
