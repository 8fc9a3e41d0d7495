import * as v from 'valibot'
import type { ConsentRun } from '../consent-text.ts'
import type { JsonObject } from '../names.ts'
import { refuse } from '../oauth-error.ts'
import { profile } from '../profile.ts'
import { printable, spaceSeparated, visible } from './form.ts'

/** What is pending, as the operator's sign-in application asks: for this person and in their languages, once it knows. */
export const PendingQuestion = v.pipe(
  v.object({ interaction: visible(64), subject: visible(255), ui_locales: spaceSeparated() }),
  v.transform((wire) => ({
    interaction: wire.interaction,
    subject: wire.subject,
    uiLocales: wire.ui_locales ?? [],
  })),
)

/** A decision as it arrives. What it has to say depends on what it is: see `parseAllowance`. */
export const DecisionMessage = v.pipe(
  v.object({
    interaction: visible(64),
    decision: v.optional(v.string()),
    subject: v.optional(v.string()),
    username: v.optional(v.string()),
    name: v.optional(v.string()),
    email: v.optional(v.string()),
    auth_time: v.optional(v.string()),
    acr: v.optional(v.string()),
    amr: v.optional(v.string()),
    authorization_details: v.optional(v.string()),
  }),
  v.transform(({ interaction, decision, ...allowance }) => ({ interaction, decision, allowance })),
)

const aWord = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,255}$/))

const Allowance = v.object({
  subject: aWord,
  username: v.pipe(v.string(), v.maxLength(256), v.regex(/^[^\p{Cc}\p{Cs}]+$/u)),
  name: printable(256),
  email: printable(256),
  auth_time: v.pipe(v.string(), v.regex(/^\d{1,10}$/), v.transform(Number)),
  acr: aWord,
  amr: v.pipe(
    v.string(),
    v.regex(/^[\x21-\x7e]{1,64}( [\x21-\x7e]{1,64})*$/),
    v.transform((text): readonly string[] => [...new Set(text.split(' '))]),
    v.maxLength(profile.listValues),
  ),
  authorization_details: v.optional(v.string()),
})

/** What an application says of the person who allowed it. */
export type Allowance = {
  /** Its own name of the person, which never changes hands. */
  readonly subject: string
  readonly username: string
  readonly claims: { readonly name?: string; readonly email?: string }
  readonly authTime: number
  readonly acr: string
  readonly amr: readonly string[]
  /** As JSON, not yet looked at; undefined for all that was asked for. */
  readonly details: string | undefined
}

/**
 * Reads what was said with `decision=allow`.
 * @throws OAuthError decision_malformed, naming the parameter
 */
export function parseAllowance(said: unknown): Allowance {
  const result = v.safeParse(Allowance, said)
  if (!result.success) {
    const [issue] = result.issues
    return refuse('decision_malformed', { expected: { parameter: v.getDotPath(issue) ?? 'decision' } })
  }
  const { subject, username, name, email, auth_time: authTime, acr, amr } = result.output
  const claims = { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) }
  return { subject, username, claims, authTime, acr, amr, details: result.output.authorization_details }
}

/** What is pending, in our words. */
export type PendingInteraction = {
  readonly interaction: string
  readonly expiresAt: number
  readonly client: { readonly id: string; readonly name: string; readonly host: string; readonly registeredAt: number }
  /** Scopes of OpenID Connect belong to no API, and the application has words of its own for them. */
  readonly scopes: readonly {
    readonly scope: string
    readonly api: string | undefined
    readonly description: string | undefined
  }[]
  readonly details: readonly {
    readonly element: JsonObject
    readonly api: string
    readonly title: string
    /** The words of the operator, and the values of the client, apart. */
    readonly text: readonly ConsentRun[]
    /** Members of which the person may leave out entries. */
    readonly choosable: readonly string[]
  }[]
  readonly lasts: { readonly kind: 'sign_in' } | { readonly kind: 'offline'; readonly seconds: number }
  readonly prompt: readonly string[]
  readonly maxAge: number | undefined
  /** Since when the person must have signed in. */
  readonly oldestSignIn: number
  readonly acrValues: readonly string[]
  readonly essentialAcr: readonly string[] | undefined
  readonly loginHint: string | undefined
  readonly uiLocales: readonly string[]
  /** The application's own name of whom the request is about, where that can be told. */
  readonly subjectHint: string | undefined
  /** What the person in question allowed this client before. */
  readonly before: { readonly givenAt: number; readonly scope: readonly string[] } | undefined
}

/** What is pending, as JSON; members without a value are left out. */
export function pendingInteractionJson(pending: PendingInteraction): JsonObject {
  const { client, lasts, before } = pending
  return withoutGaps({
    interaction: pending.interaction,
    expires_at: pending.expiresAt,
    client: {
      client_id: client.id,
      client_name: client.name,
      redirect_host: client.host,
      registered_at: client.registeredAt,
    },
    scopes: pending.scopes.map(withoutGaps),
    authorization_details: pending.details.map(({ element, ...said }) => ({ element, ...said })),
    lasts: lasts.kind === 'offline' ? { until: 'revoked', seconds: lasts.seconds } : { until: 'sign_out' },
    prompt: pending.prompt,
    max_age: pending.maxAge,
    auth_time_from: pending.oldestSignIn,
    acr_values: pending.acrValues,
    essential_acr: pending.essentialAcr,
    login_hint: pending.loginHint,
    ui_locales: pending.uiLocales,
    subject_hint: pending.subjectHint,
    before: before === undefined ? undefined : { given_at: before.givenAt, scope: before.scope },
  })
}

function withoutGaps(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

/** The query with which the browser comes back. */
export const FinishQuery = v.pipe(
  v.object({ handle: visible(64) }),
  v.transform(({ handle }) => ({ handle })),
)
