import { Hono } from 'hono'
import type { AccessToken } from '../core/access-token.ts'
import type { Audit } from '../core/ports.ts'
import { createGuard, type GuardEnv, honoGuard, nodeGuardPorts, parseGuardPolicy } from '../guard/index.ts'
import { type BankEnv, createBank } from './bank.ts'

/** What the guard of the bank has to know. */
export type GuardedBankOptions = {
  /** Where the bank is reached; also its resource identifier. */
  readonly url: string
  readonly issuer: string
  readonly customers: readonly string[]
  /** Whether the grant behind a token still counts. */
  readonly standing: (token: AccessToken) => Promise<'live' | 'revoked'>
  readonly audit: Audit
}

/** The name of the bank, as people read it. */
export const bankName = 'Brass Bank'

/** The bank behind the guard: not a line of the bank changes. */
export function createGuardedBank(options: GuardedBankOptions): Hono<GuardEnv & BankEnv> {
  const { url, issuer, customers, standing, audit } = options
  const policy = parseGuardPolicy({
    resource: url,
    name: bankName,
    publicUrl: url,
    issuers: [issuer],
    routes: [
      { methods: ['GET'], path: '/accounts', scope: ['accounts'], speaksFor: 'person' },
      { methods: ['GET'], path: '/accounts/:id/balance', scope: ['accounts'], speaksFor: 'person' },
      { methods: ['POST'], path: '/payments', scope: ['payments'], speaksFor: 'person' },
    ],
  })
  const guard = createGuard(policy, nodeGuardPorts({ issuers: policy.issuers, standing, audit }))

  const app = new Hono<GuardEnv & BankEnv>()
  app.use(honoGuard(guard))
  app.use(async (c, next) => {
    c.set('customer', c.get('access').token.subject)
    await next()
  })
  app.route('/', createBank(customers))
  return app
}
