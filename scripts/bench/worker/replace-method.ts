/** Looking at what a Worker does by standing in for methods of its bindings. Runs inside the Worker. */

/** A method of any receiver. */
export type Method = (this: unknown, ...args: unknown[]) => unknown

/** Puts another method in the place of one of a prototype. Throws when there is none: nothing would be counted. */
export function replaceMethod(
  holder: object,
  name: string,
  wrap: (method: Method) => Method,
): void {
  const method: unknown = Reflect.get(holder, name)
  if (!isMethod(method)) throw new Error(`${name} cannot be counted`)
  const value = wrap(method)
  if (!Reflect.defineProperty(holder, name, { value, configurable: true, writable: true })) {
    throw new Error(`${name} cannot be replaced`)
  }
}

/** Whether a value can be called. */
export function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}
