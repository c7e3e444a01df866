/** Durable Objects that throw or are evicted, before or after they did what they were asked. */
import { chaos, ChaosError } from './state.ts'

/**
 * Gives `target` every method that `real` has, with faults around it. Generic, so that methods which are added later,
 * the alarm included, fail as well. What a call gives back at once stays without a promise.
 */
export function injectFaults(target: object, real: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(real))) {
    if (name === 'constructor' || typeof value !== 'function') continue
    const method: unknown = value
    Object.defineProperty(target, name, {
      configurable: true,
      writable: true,
      value: function failing(this: object, ...args: unknown[]): unknown {
        return callThroughFault(this, name, () => call(method, this, args))
      },
    })
  }
}

function call(method: unknown, object: object, args: readonly unknown[]): unknown {
  if (typeof method !== 'function') throw new TypeError('not a method')
  return Reflect.apply(method, object, args)
}

function callThroughFault(object: object, name: string, run: () => unknown): unknown {
  const fault = chaos.next('object')
  if (fault === null) return run()
  const fail = (): never => {
    const reason = `object ${fault.n}, ${name}: ${fault.kind}`
    // What is in memory is gone, as when the platform moves the object.
    if (fault.kind.startsWith('evicted')) stateOf(object).abort(reason)
    throw new ChaosError(reason)
  }
  if (fault.kind.endsWith('before')) return fail()
  const result = run()
  return result instanceof Promise ? result.then(fail) : fail()
}

function stateOf(object: object): { abort(reason: string): void } {
  const ctx: unknown = Reflect.get(object, 'ctx')
  if (typeof ctx === 'object' && ctx !== null && 'abort' in ctx) {
    const { abort } = ctx
    if (typeof abort === 'function') {
      return { abort: (reason) => void Reflect.apply(abort, ctx, [reason]) }
    }
  }
  throw new TypeError('the object has no state')
}
