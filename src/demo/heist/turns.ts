/** Who may try something now: one thing at a time for each visitor, and few at once altogether. */

/** How many thefts run at once, and how many visitors may be trying or waiting. */
const most = { running: 2, visitors: 8 } as const

/** Why a visitor cannot begin now. */
export type Wait = 'one_at_a_time' | 'full'

/** The turns of one demo. */
export class Turns {
  readonly #visitors = new Set<string>()
  /** Never longer than there are visitors: each waits for one thing. */
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** Lets a visitor begin; what is to be ended again, or why they cannot. */
  begin(visitor: string): Wait | 'begun' {
    if (this.#visitors.has(visitor)) return 'one_at_a_time'
    if (this.#visitors.size >= most.visitors) return 'full'
    this.#visitors.add(visitor)
    return 'begun'
  }

  /** The visitor is done. */
  end(visitor: string): void {
    this.#visitors.delete(visitor)
  }

  /** Runs it when there is room. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= most.running) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // The place is handed on, or given back.
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
