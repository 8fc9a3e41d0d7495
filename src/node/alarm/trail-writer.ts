/**
 * Writes events to the trail, in the order in which they came, many in one transaction. While the trail cannot be
 * written they wait in memory. docs/adr/0011-events.md.
 */

import { type NewSecurityEvent, severities } from '../../core/events.ts'
import type { EventStore } from '../../core/ports.ts'

/** Runs something later, `0` for after this turn of the event loop; what it returns calls that off. */
export type Schedule = (work: () => void, milliseconds: number) => () => void

/** The timers of the process, which they do not keep alive. */
export const processTimers: Schedule = (work, milliseconds) => {
  if (milliseconds === 0) {
    const immediate = setImmediate(work)
    return () => clearImmediate(immediate)
  }
  const timer = setTimeout(work, milliseconds)
  timer.unref()
  return () => clearTimeout(timer)
}

/** Events in one transaction, events that wait at most, and milliseconds: of patience, and between attempts. */
export const writerBounds = { batch: 200, waiting: 10_000, patience: 50, retryFirst: 500, retryMost: 30_000 } as const

/** What the writer works with. None of the functions may throw, except `append`. */
export type TrailWriterOptions = {
  readonly append: EventStore['append']
  readonly schedule: Schedule
  /** The trail cannot be written; told once until it can be again. What it returns is the event of that. */
  readonly onDown: (cause: unknown) => NewSecurityEvent
  /** That many events will never be in the trail: there was no room, or nothing could ever write them. */
  readonly onLost: (count: number, cause: unknown) => void
}

type Waiting = {
  readonly event: NewSecurityEvent
  /** Resolves when it is settled: kept, or not waited for any longer. */
  readonly settled: Promise<void>
  readonly settle: () => void
}
type Urgency = 'now' | 'soon'

/** A writer on an empty queue. */
export class TrailWriter {
  readonly #options: TrailWriterOptions
  readonly #queue: Waiting[] = []
  #sink: 'up' | 'down' = 'up'
  #phase: 'open' | 'closing' | 'closed' = 'open'
  #inFlight = 0
  #lost = 0
  #retryIn: number = writerBounds.retryFirst
  #planned: { readonly urgency: Urgency; readonly callOff: () => void } | undefined
  #writing: Promise<void> | undefined

  constructor(options: TrailWriterOptions) {
    this.#options = options
  }

  /**
   * Takes an event. `now` resolves when it is kept, together with others of the same turn; `soon` resolves at once.
   * While the trail cannot be written both do. Never rejects.
   */
  take(event: NewSecurityEvent, urgency: Urgency): Promise<void> {
    if (this.#phase === 'closed') return Promise.resolve()
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>()
    this.#push({ event, settled, settle })
    if (this.#sink === 'down') return Promise.resolve()
    if (urgency === 'now' || this.#queue.length >= writerBounds.batch) this.#plan('now', 0)
    else this.#plan('soon', writerBounds.patience)
    return urgency === 'now' ? settled : Promise.resolve()
  }

  /** Resolves when what waits now is kept; at once while the trail cannot be written. Never rejects. */
  flush(): Promise<void> {
    const newest = this.#queue.at(-1)
    if (newest === undefined || this.#sink === 'down') return Promise.resolve()
    this.#plan('now', 0)
    return newest.settled
  }

  /** Writes what waits, and takes nothing more. */
  async close(): Promise<void> {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#planned?.callOff()
    await this.#writing
    await this.#drain()
    // What came in meanwhile, such as that something was lost.
    if (this.#sink === 'up') await this.#drain()
    this.#phase = 'closed'
    const left = this.#queue.splice(0)
    for (const { settle } of left) settle()
    if (left.length > 0) this.#options.onLost(left.length, undefined)
  }

  /** Puts it at the end; where there is no room, in the place of the oldest of those that matter least. */
  #push(waiting: Waiting): void {
    if (this.#queue.length >= writerBounds.waiting) {
      this.#lost += 1
      const least = this.#leastSevere()
      const isWorth = least !== undefined && rank(this.#queue[least]?.event) < rank(waiting.event)
      const [gone] = isWorth ? this.#queue.splice(least, 1) : [waiting]
      gone?.settle()
      if (!isWorth) return
    }
    this.#queue.push(waiting)
  }

  /** The place of the oldest among the least severe that are not being written now. */
  #leastSevere(): number | undefined {
    let least: number | undefined
    for (let place = this.#inFlight; place < this.#queue.length; place += 1) {
      if (least === undefined || rank(this.#queue[place]?.event) < rank(this.#queue[least]?.event)) least = place
    }
    return least
  }

  #plan(urgency: Urgency, milliseconds: number): void {
    if (this.#phase !== 'open') return
    const planned = this.#planned
    if (planned !== undefined && (planned.urgency === 'now' || urgency === 'soon')) return
    planned?.callOff()
    this.#planned = { urgency, callOff: this.#options.schedule(() => this.#start(), milliseconds) }
  }

  #start(): void {
    this.#planned = undefined
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
      if (this.#queue.length > 0 && this.#sink === 'up') this.#plan('now', 0)
    })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      if (!(await this.#deal(this.#queue.slice(0, writerBounds.batch)))) return
      this.#sink = 'up'
      this.#retryIn = writerBounds.retryFirst
    }
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) this.#options.onLost(lost, undefined)
  }

  /**
   * Whether the trail could be written. What nothing could ever write is given up, so that it does not stop the rest.
   * `inFlight` of the queue stay where they are meanwhile.
   */
  async #deal(batch: readonly Waiting[], inFlight = batch.length): Promise<boolean> {
    try {
      this.#inFlight = inFlight
      await this.#options.append(batch.map(({ event }) => event))
      this.#done(batch)
      return true
    } catch (cause) {
      if (!isMalformed(cause)) {
        this.#goDown(cause)
        return false
      }
      if (batch.length === 1) {
        this.#done(batch)
        this.#options.onLost(1, cause)
        return true
      }
      for (const [place, one] of batch.entries()) if (!(await this.#deal([one], batch.length - place))) return false
      return true
    } finally {
      this.#inFlight = 0
    }
  }

  #done(batch: readonly Waiting[]): void {
    this.#queue.splice(0, batch.length)
    for (const { settle } of batch) settle()
  }

  /** Nobody waits any longer: what was refused stays refused, and is told later. */
  #goDown(cause: unknown): void {
    if (this.#sink === 'up') {
      this.#sink = 'down'
      this.#push({ event: this.#options.onDown(cause), settled: Promise.resolve(), settle: () => undefined })
    }
    for (const { settle } of this.#queue) settle()
    this.#plan('soon', this.#retryIn)
    this.#retryIn = Math.min(this.#retryIn * 2, writerBounds.retryMost)
  }
}

function rank(event: NewSecurityEvent | undefined): number {
  return event === undefined ? severities.length : severities.indexOf(event.severity)
}

/** A mistake in the event itself, which no store will ever take. */
function isMalformed(cause: unknown): boolean {
  return cause instanceof RangeError || cause instanceof TypeError
}
