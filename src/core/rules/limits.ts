import { type Rule, serverSteps } from './rule.ts'

/** How much one caller may ask for. */
export const limitsRules = {
  rate_limited: {
    error: 'too_many_requests',
    at: serverSteps,
    clause: 'RFC 6585 §4; RFC 9126 §2.3; RFC 7662 §4',
    rows: ['OPS-07', 'AS-PAR-13'],
    attacks: ['AL-04', 'AL-08', 'AL-09', 'AL-10', 'AL-11', 'AL-14'],
    event: 'limit.exceeded',
    sentence: 'There were too many requests from here.',
    hint: 'Wait as long as Retry-After says, and ask less often.',
  },
} as const satisfies Record<string, Rule>
