/**
 * A map that holds at most `most` entries and forgets the one that was not asked for longest. For caches of things that
 * can be made again, filled by strangers.
 */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>()
  readonly #most: number

  /** @throws RangeError when `most` is not a positive whole number. */
  constructor(most: number) {
    if (!Number.isSafeInteger(most) || most < 1) throw new RangeError('a bounded map needs room for one entry')
    this.#most = most
  }

  /** The value, which counts as used now; undefined when it is not there. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** Remembers the value as used now. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  get size(): number {
    return this.#entries.size
  }
}
