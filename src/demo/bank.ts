import { Hono } from 'hono'

/** What stands before the bank tells it whose request this is; it asks nothing more about it. */
export type BankEnv = { readonly Variables: { customer: string } }

type Account = { readonly id: string; readonly name: string; readonly customer: string; balance: number }

/** A bank as a JSON API that knows nothing of tokens, keys or proofs: it believes the customer it is told. */
export function createBank(customers: readonly string[]): Hono<BankEnv> {
  const accounts = customers.flatMap(openAccounts)
  const own = (customer: string, id: string) =>
    accounts.find((account) => account.id === id && account.customer === customer)

  const bank = new Hono<BankEnv>()
  bank.get('/accounts', (c) => {
    const mine = accounts.filter(({ customer }) => customer === c.get('customer'))
    return c.json({ accounts: mine.map(({ id, name }) => ({ id, name })) })
  })
  bank.get('/accounts/:id/balance', (c) => {
    const account = own(c.get('customer'), c.req.param('id'))
    if (account === undefined) return c.json({ error: 'no such account' }, 404)
    return c.json({ id: account.id, currency: 'EUR', cents: account.balance })
  })
  bank.post('/payments', async (c) => {
    const { from, cents } = readPayment(await c.req.json<unknown>())
    const account = own(c.get('customer'), from)
    if (account === undefined || cents > account.balance) return c.json({ error: 'not possible' }, 422)
    account.balance -= cents
    return c.json({ id: account.id, cents: account.balance }, 201)
  })
  return bank
}

function openAccounts(customer: string, index: number): Account[] {
  const number = (kind: string) => `${kind}-${1000 + index}`
  return [
    { id: number('current'), name: 'Current account', customer, balance: 243_107 },
    { id: number('savings'), name: 'Savings', customer, balance: 1_250_000 },
  ]
}

function readPayment(body: unknown): { readonly from: string; readonly cents: number } {
  const nothing = { from: '', cents: 0 }
  if (typeof body !== 'object' || body === null || !('from' in body) || !('cents' in body)) return nothing
  const { from, cents } = body
  return typeof from === 'string' && Number.isSafeInteger(cents) && Number(cents) > 0
    ? { from, cents: Number(cents) }
    : nothing
}
