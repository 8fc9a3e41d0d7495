import { Hono } from 'hono'
import { isJsonObject } from '../core/names.ts'

/** What stands before the bank tells it whose request this is; it asks nothing more about it. */
export type BankEnv = { readonly Variables: { customer: string } }

type Account = { readonly id: string; readonly name: string; readonly customer: string; balance: number }

/** A payment in euros. */
export type Payment = { readonly creditorName: string; readonly iban: string; readonly cents: number }

/** How far below nothing a current account may go: no demo ends for lack of money. */
const overdraft = 100_000_000_000

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
    const payment = readPayment(await c.req.json<unknown>())
    const account = accounts.find(({ id, customer }) => id.startsWith('current-') && customer === c.get('customer'))
    if (payment === undefined || account === undefined || payment.cents > account.balance + overdraft) {
      return c.json({ error: 'not possible' }, 422)
    }
    account.balance -= payment.cents
    return c.json({ from: account.id, to: payment.iban, cents: payment.cents }, 201)
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

/** What a payment says; undefined when it is none. */
export function readPayment(body: unknown): Payment | undefined {
  if (!isJsonObject(body)) return undefined
  const { creditorName, creditorAccount, instructedAmount } = body
  if (!isJsonObject(creditorAccount) || !isJsonObject(instructedAmount)) return undefined
  const { iban } = creditorAccount
  const { currency, amount } = instructedAmount
  if (typeof creditorName !== 'string' || typeof iban !== 'string' || currency !== 'EUR') return undefined
  if (typeof amount !== 'string' || !/^\d{1,9}\.\d{2}$/.test(amount)) return undefined
  return { creditorName, iban, cents: Number(amount.replace('.', '')) }
}
