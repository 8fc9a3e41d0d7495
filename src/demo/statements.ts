import type { Audit, Handler } from '../core/ports.ts'
import { createGuard, nodeGuardPorts, parseGuardPolicy } from '../guard/index.ts'

/** What the guard of the statements has to know. */
export type StatementsOptions = {
  /** Where they are reached; also their resource identifier. */
  readonly url: string
  readonly issuer: string
  readonly audit: Audit
}

/** The name of this API, as people read it. */
export const statementsName = 'Brass Bank for machines'

/** Statements for machines, behind our own TLS: a token may be bound to the certificate of its connection. RFC 8705 §3. */
export function createStatements({ url, issuer, audit }: StatementsOptions): Handler {
  const policy = parseGuardPolicy({
    resource: url,
    name: statementsName,
    publicUrl: url,
    issuers: [issuer],
    certificateBoundTokens: 'accepted',
    routes: [{ methods: ['GET'], path: '/statements', scope: ['statements'], speaksFor: 'anyone' }],
  })
  const guard = createGuard(policy, nodeGuardPorts({ issuers: policy.issuers, audit }))
  return async (request, connection) => {
    const document = guard.wellKnown(request, connection)
    if (document !== undefined) return document
    const verdict = await guard(request, connection)
    if (verdict.kind === 'refusal') return verdict.response
    const body = { for: verdict.token.clientId, statements: [{ account: 'current-1000', cents: 243_107 }] }
    return Response.json(body, { headers: verdict.headers })
  }
}
