/** Where the key is kept: in this tab, or in the browser if the user has chosen so. */

const NAME = "goatfish.key";

export function storedKey() {
  return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME);
}

/** In the tab, or in the browser; a key that the browser has stays there for other tabs. */
export function storeKey(key, remember) {
  sessionStorage.removeItem(NAME);
  (remember ? localStorage : sessionStorage).setItem(NAME, key);
}

/** Keeps a key where another was. */
export function replaceKey(old, key) {
  for (const storage of holding(old)) storage.setItem(NAME, key);
}

/** Forgets this key, or without one whatever key there is. */
export function forgetKey(key = null) {
  for (const storage of key === null ? [sessionStorage, localStorage] : holding(key)) storage.removeItem(NAME);
}

/** Calls `changed(old, key)` when another tab changes the key that the browser has; `key` is null where it is forgotten. */
export function onStoredKey(changed) {
  window.addEventListener("storage", (event) => event.key === NAME && changed(event.oldValue, event.newValue));
}

function holding(key) {
  return [sessionStorage, localStorage].filter((storage) => storage.getItem(NAME) === key);
}

/** A setting of the page, such as chosen columns; never anything secret. */
export function remembered(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`goatfish.${name}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function remember(name, value) {
  localStorage.setItem(`goatfish.${name}`, JSON.stringify(value));
}
