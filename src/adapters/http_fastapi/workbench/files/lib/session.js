/** Where the key is kept: in this tab, or in the browser if the user has chosen so. */

const NAME = "goatfish.key";

export function storedKey() {
  return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME);
}

export function storeKey(key, remember) {
  forgetKey();
  (remember ? localStorage : sessionStorage).setItem(NAME, key);
}

export function forgetKey() {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
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
