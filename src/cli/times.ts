import type { NumericDate } from '../core/names.ts'

/** An instant as people write it, in UTC: `2026-11-22T19:45:11Z`. */
export function instant(time: NumericDate): string {
  return new Date(time * 1000).toISOString().replace('.000', '')
}

/** The same, and a dash when there is none. */
export function instantOrDash(time: NumericDate | undefined): string {
  return time === undefined ? '-' : instant(time)
}
