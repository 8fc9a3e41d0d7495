import type { KeyStore } from '../../core/ports.ts'

/** A key store through which somebody else changes keys: `changed` runs after every change, and before the answer. */
export function tellingOfChanges(store: KeyStore, changed: () => Promise<void>): KeyStore {
  const told = async <T>(change: Promise<T>): Promise<T> => {
    const outcome = await change
    await changed()
    return outcome
  }
  return {
    list: store.list,
    add: (key) => told(store.add(key)),
    retire: (kid, publishedUntil) => told(store.retire(kid, publishedUntil)),
    remove: (kid) => told(store.remove(kid)),
  }
}
