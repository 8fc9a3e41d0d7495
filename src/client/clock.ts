/** The time as the client goes by it: that of this machine, set right by the server's. FAPI 2.0 SP §5.3.3.1 note 1. */

import { type NumericDate, numericDate } from '../core/names.ts'
import type { Clock } from '../core/ports.ts'

/** Seconds by which two clocks may differ without anything being refused for it. */
const tolerated = 10

/** Seconds a clock may be set right by: a wrong time zone, but no other year. */
const most = 86_400

/** A clock that can be set right. No check is ever left out for it: what is checked is checked against its time. */
export class ClientClock {
  readonly #local: Clock
  #correction = 0

  constructor(local: Clock) {
    this.#local = local
  }

  now(): NumericDate {
    return numericDate(Math.max(0, this.#local() + this.#correction))
  }

  /** What is added to the time of this machine, in seconds. */
  get correction(): number {
    return this.#correction
  }

  /**
   * Goes by the `Date` of an answer from now on, when it differs by more than could be overlooked. Whether it does, and so
   * whether the request is worth sending again.
   */
  synchronise(date: string | null): 'set' | 'kept' {
    const theirs = parseHttpDate(date ?? '')
    if (theirs === undefined || Math.abs(theirs - this.now()) <= tolerated) return 'kept'
    const correction = theirs - this.#local()
    if (Math.abs(correction) > most) return 'kept'
    this.#correction = correction
    return 'set'
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const imfFixdate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/

/** The one form of a date that servers send, in seconds since 1970. RFC 9110 §5.6.7. */
export function parseHttpDate(text: string): number | undefined {
  const [, day, name = '', year, hours, minutes, seconds] = imfFixdate.exec(text) ?? []
  const month = months.indexOf(name)
  if (month < 0) return undefined
  const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return daysSince1970(Number(year), month, Number(day)) * 86_400 + time
}

/** Counted from a March, so that a leap day ends its year. */
function daysSince1970(year: number, month: number, day: number): number {
  const years = month < 2 ? year - 1 : year
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400)
  const daysOfMonths = Math.floor((((month + 10) % 12) * 306 + 5) / 10)
  return 365 * years + leapDays + daysOfMonths + day - 719_469
}
