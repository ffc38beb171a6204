/** `once(make)` gives a function that makes something when it is first called: formatters take milliseconds each. */
export function once(make) {
  let made;
  return () => (made ??= make());
}
