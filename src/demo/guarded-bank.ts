import { Hono } from 'hono'
import type { AccessToken } from '../core/access-token.ts'
import type { AuthorizationDetail } from '../core/authorization-details.ts'
import type { Audit } from '../core/ports.ts'
import { createGuard, type GuardEnv, honoGuard, nodeGuardPorts, parseGuardPolicy } from '../guard/index.ts'
import { BoundedMap } from '../node/bounded-map.ts'
import { type BankEnv, createBank, readPayment } from './bank.ts'
import { allows, paymentType } from './bill.ts'

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
    authorizationDetailsTypes: [paymentType],
  })
  const guard = createGuard(policy, nodeGuardPorts({ issuers: policy.issuers, standing, audit }))

  const app = new Hono<GuardEnv & BankEnv>()
  app.use(honoGuard(guard))
  app.use(async (c, next) => {
    c.set('customer', c.get('access').token.subject)
    await next()
  })
  const paid = new BoundedMap<string, 'paid'>(10_000)
  // Only what the person was shown is paid, and it is paid once. RFC 9396 §9.
  app.post('/payments', async (c, next) => {
    const payment = readPayment(await c.req.json<unknown>().catch(() => undefined))
    const { detail, token } = c.get('access')
    const verdict = detail(paymentType, (element) => allows(element, payment))
    if (verdict.kind === 'refusal') return verdict.response
    const permission = permissionOf(token, verdict.element)
    if (paid.get(permission) !== undefined) return c.json({ error: 'paid already' }, 409)
    paid.set(permission, 'paid')
    return next()
  })
  app.route('/', createBank(customers))
  return app
}

/**
 * The name of a permission to pay, for it to be used once: by the grant and whom it pays. The rest says nothing, for a token
 * request may write an element down anew, and with a smaller amount. RFC 9396 §6.
 */
export function permissionOf(
  { grantRef, clientId }: Pick<AccessToken, 'grantRef' | 'clientId'>,
  element: AuthorizationDetail,
): string {
  const { creditorName, iban } = readPayment(element) ?? {}
  return JSON.stringify([grantRef ?? clientId, creditorName, iban])
}
