/**
 * Every refusal, defined once: slug, clause, requirement rows, attacks, sentence, hint.
 *
 * The slug is the name of the refusal in the thrown error, the log, the tests, the vectors and the docs. STEPS.md,
 * THREATS.md and the refusal index are generated from this table.
 */

import { accountRules } from './rules/account.ts'
import { authorizationRules } from './rules/authorization.ts'
import { authorizationDetailsRules } from './rules/authorization-details.ts'
import { certificateRules } from './rules/certificate.ts'
import { clientAuthenticationRules } from './rules/client-authentication.ts'
import { decisionRules } from './rules/decision.ts'
import { dpopRules } from './rules/dpop.ts'
import { httpRules } from './rules/http.ts'
import { interactionRules } from './rules/interaction.ts'
import { introspectionRules } from './rules/introspection.ts'
import { limitsRules } from './rules/limits.ts'
import { openidRules } from './rules/openid.ts'
import { passkeyRules } from './rules/passkey.ts'
import { refreshRules } from './rules/refresh.ts'
import { resourceRules } from './rules/resource.ts'
import { errorStatus, type ErrorCode, publicAnswers, type PublicSlug, type Rule } from './rules/rule.ts'
import { tokenRules } from './rules/token.ts'
import { upstreamRules } from './rules/upstream.ts'

export { steps } from './rules/rule.ts'
export type { ErrorCode, PublicSlug, Rule, Step } from './rules/rule.ts'

/** The table of all rules, in the order a request meets them. */
export const rules = {
  ...httpRules,
  ...limitsRules,
  ...clientAuthenticationRules,
  ...certificateRules,
  ...dpopRules,
  ...authorizationRules,
  ...authorizationDetailsRules,
  ...openidRules,
  ...interactionRules,
  ...decisionRules,
  ...accountRules,
  ...upstreamRules,
  ...passkeyRules,
  ...tokenRules,
  ...refreshRules,
  ...introspectionRules,
  ...resourceRules,
} as const satisfies Record<string, Rule>

/** The name of a refusal. */
export type RuleSlug = keyof typeof rules

/** The rule of a slug. */
export function ruleOf(slug: RuleSlug): Rule {
  return rules[slug]
}

/** What callers are told of a refusal: its own slug, or the shared one where telling apart would build an oracle. */
export type PublicRefusal = {
  readonly slug: RuleSlug | PublicSlug
  readonly error: ErrorCode
  readonly status: number
  readonly sentence: string
  readonly hint: string
}

/** The public face of a rule. */
export function publicRefusal(slug: RuleSlug): PublicRefusal {
  const rule = ruleOf(slug)
  const { error } = rule
  const status = rule.status ?? errorStatus[error]
  if (rule.publicSlug === undefined) {
    return { slug, error, status, sentence: rule.sentence, hint: rule.hint }
  }
  const { sentence, hint } = publicAnswers[rule.publicSlug]
  return { slug: rule.publicSlug, error, status, sentence, hint }
}
