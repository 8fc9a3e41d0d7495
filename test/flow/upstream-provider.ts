/** Another provider, as the server sees it through its port: it signs in whom it is told to. */

import assert from 'node:assert/strict'
import { numericDate } from '../../src/core/names.ts'
import { OAuthError } from '../../src/core/oauth-error.ts'
import type { Clock } from '../../src/core/ports.ts'
import type { RuleSlug } from '../../src/core/rules.ts'
import type { UpstreamAttempt, UpstreamPerson, UpstreamProvider } from '../../src/core/sign-in-ports.ts'

/** What it says next: somebody, or why not. */
export type Says = { readonly person?: Partial<UpstreamPerson>; readonly refuses?: RuleSlug }

/** A provider in the hands of a test. */
export type ScriptedProvider = {
  readonly port: UpstreamProvider
  /** Every attempt that was begun, in order. */
  readonly attempts: readonly UpstreamAttempt[]
  /** What was to be said at the last answer. */
  readonly callbacks: readonly URL[]
  says: Says
}

/** A provider at which Alice Doe is signed in, for a minute by now. */
export function aScriptedProvider(id: string, clock: Clock, changes: Partial<UpstreamProvider> = {}): ScriptedProvider {
  const attempts: UpstreamAttempt[] = []
  const callbacks: URL[] = []
  const refuseIfTold = () => {
    if (provider.says.refuses !== undefined) throw new OAuthError(provider.says.refuses)
  }
  const provider: ScriptedProvider = {
    attempts,
    callbacks,
    says: {},
    port: {
      id,
      name: `The ${id}`,
      acrValues: ['urn:strongroom:acr:upstream'],
      origins: () => [`https://${id}.example`],
      begin: async (attempt) => {
        if (provider.says.refuses === 'upstream_unavailable') refuseIfTold()
        attempts.push(attempt)
        return `https://${id}.example/authorize?state=${attempt.state}`
      },
      finish: async ({ state, nonce, codeVerifier }, callback) => {
        callbacks.push(callback)
        refuseIfTold()
        // What was not stored came back the same.
        const begun = attempts.find((one) => one.state === state)
        assert.deepEqual([nonce, codeVerifier], [begun?.nonce, begun?.codeVerifier])
        return {
          subject: 'upstream-alice',
          username: 'alice',
          authTime: numericDate(clock() - 60),
          acr: 'urn:strongroom:acr:upstream',
          amr: ['pwd', 'otp'],
          claims: { name: 'Alice Doe', email: 'alice@acme.example' },
          ...provider.says.person,
        }
      },
      ...changes,
    },
  }
  return provider
}
