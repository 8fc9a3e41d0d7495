/** What an examination finds. */

/** One thing that was looked at. `bad` is something a client would stumble over, or an attacker would like. */
export type Finding = {
  readonly about: 'metadata' | 'keys' | 'tls' | 'clock' | 'http' | 'certificates'
  readonly verdict: 'good' | 'doubtful' | 'bad'
  readonly what: string
  /** How to mend it; empty when there is nothing to mend. */
  readonly hint: string
}

/** Something is as it should be. */
export function good(about: Finding['about'], what: string): Finding {
  return { about, verdict: 'good', what, hint: '' }
}

/** Something works, and will not always. */
export function doubtful(about: Finding['about'], what: string, hint: string): Finding {
  return { about, verdict: 'doubtful', what, hint }
}

/** Something is wrong. */
export function bad(about: Finding['about'], what: string, hint: string): Finding {
  return { about, verdict: 'bad', what, hint }
}
