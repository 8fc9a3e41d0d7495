import type { StoredKey } from '../../core/flow.ts'
import { type NumericDate, numericDate } from '../../core/names.ts'
import type { KeyStore } from '../../core/ports.ts'

/** A key store whose rows a test can see and change. */
export type OpenKeyStore = { -readonly [Verb in keyof KeyStore]: KeyStore[Verb] } & { readonly keys: StoredKey[] }

/** A key store in memory, with these keys to begin with. */
export function aKeyStore(keys: StoredKey[] = []): OpenKeyStore {
  const at = (kid: string) => keys.findIndex((key) => key.kid === kid)
  return {
    keys,
    add: async (key) => void keys.push(key),
    list: async () => [...keys],
    retire: async (kid, publishedUntil) => {
      const found = keys[at(kid)]
      if (found === undefined) return 'unknown'
      keys[at(kid)] = { ...found, publishedUntil }
      return 'retired'
    },
    remove: async (kid) => {
      if (at(kid) < 0) return 'unknown'
      keys.splice(at(kid), 1)
      return 'removed'
    },
  }
}

/** A clock that a test moves. */
export function aClock(start = 1_800_000_000): (() => NumericDate) & { readonly pass: (span: number) => void } {
  let now = start
  return Object.assign(() => numericDate(now), {
    pass: (span: number) => {
      now += span
    },
  })
}
