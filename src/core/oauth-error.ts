import type { EventType } from './events.ts'
import { type RuleSlug, rules } from './rules.ts'

/**
 * The one way to refuse: a rule was broken.
 *
 * `expected` holds facts that are public knowledge and help an honest caller (the `htu` of the route, the name of the
 * missing parameter). `detail` is for the operator's log and never leaves the server. Anything else that is thrown is a
 * bug and shows outside only as `server_error`.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly rule: RuleSlug
  readonly expected: Readonly<Record<string, string>>
  readonly detail: string | undefined
  readonly event: EventType | undefined

  constructor(rule: RuleSlug, more: RefusalDetails = {}) {
    super(`${rule}: ${rules[rule].sentence}`, more.cause === undefined ? {} : { cause: more.cause })
    this.rule = rule
    this.expected = more.expected ?? {}
    this.detail = more.detail
    this.event = more.event
  }
}

/** What a refusal may add to its rule. */
export type RefusalDetails = {
  readonly expected?: Readonly<Record<string, string>>
  readonly detail?: string
  /** What the trail says in place of the event of the rule, where more is known. */
  readonly event?: EventType
  readonly cause?: unknown
}

/** @throws OAuthError with `rule`, always. */
export function refuse(rule: RuleSlug, more: RefusalDetails = {}): never {
  throw new OAuthError(rule, more)
}

/**
 * Runs `parse`; whatever it throws becomes the refusal `rule`.
 * @throws OAuthError with `rule`
 */
export function orRefuse<T>(rule: RuleSlug, parse: () => T, more: RefusalDetails = {}): T {
  try {
    return parse()
  } catch (cause) {
    throw cause instanceof OAuthError ? cause : new OAuthError(rule, { ...more, cause })
  }
}

/**
 * A store, a replay memory or a queue that cannot answer now. Whoever meets one refuses with `state_unavailable`: what
 * cannot be recorded is not accepted. The message is for operators and holds no secret.
 */
export class StateUnavailable extends Error {
  override readonly name: string = 'StateUnavailable'
}

/** What was thrown, as the refusal it means; undefined for a bug. */
export function refusalOf(thrown: unknown): OAuthError | undefined {
  if (thrown instanceof OAuthError) return thrown
  if (thrown instanceof StateUnavailable) {
    return new OAuthError('state_unavailable', { cause: thrown, detail: thrown.message })
  }
  return undefined
}
