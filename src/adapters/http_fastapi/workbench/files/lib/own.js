/** Objects of the service whose members tenants name, like "constructor". */

/** A member that the object itself has; undefined where it has none, or there is no object. */
export function own(object, name) {
  return object && Object.hasOwn(object, name) ? object[name] : undefined;
}
