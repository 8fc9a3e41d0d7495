import { StateUnavailable } from '../../src/core/oauth-error.ts'
import type { Store } from '../../src/core/ports.ts'

/** Whether a store can be reached. */
export type StoreState = { is: 'there' | 'unavailable' }

/** The same store, all of whose verbs fail while it is out of reach. */
export function breakable(store: Store, state: StoreState): Store {
  return new Proxy(store, { get: (target, name) => withVerbs(Reflect.get(target, name), state) })
}

function withVerbs(part: unknown, state: StoreState): unknown {
  if (typeof part !== 'object' || part === null) return part
  return Object.fromEntries(
    // The epoch is known to the process; nobody is asked for it.
    Object.entries(part).map(([name, verb]) => [name, name === 'epoch' ? verb : failing(verb, state)]),
  )
}

function failing(verb: unknown, state: StoreState): unknown {
  if (typeof verb !== 'function') return verb
  return (...parameters: readonly unknown[]): unknown =>
    state.is === 'unavailable'
      ? Promise.reject(new StateUnavailable('out of reach'))
      : Reflect.apply(verb, undefined, parameters)
}
