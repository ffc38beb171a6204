/** Asks for what the first view shows while the other modules still load. */

import { storedKey } from "./lib/session.js";

const FIRST_PAGE = "/api/v1/simulations?sort=-created_at&limit=100";
const key = storedKey();
const answers = new Map(); // by URL, each is taken once

if (key && !location.hash.startsWith("#/sign-in")) {
  ask("/api/v1/me");
  ask("/api/v1/changes?after=latest&limit=100");
  if (["", "#/", "#/simulations"].includes(location.hash)) ask(FIRST_PAGE);
}

function ask(url) {
  const answer = fetch(url, { headers: { "X-API-Key": key }, credentials: "omit" });
  answer.catch(() => {}); // told where it is taken
  answers.set(url, answer);
}

/** The answer to a GET that is under way with this key, undefined where there is none. */
export function early(url, withKey) {
  if (withKey !== key) return undefined;
  const answer = answers.get(url);
  answers.delete(url);
  return answer;
}
