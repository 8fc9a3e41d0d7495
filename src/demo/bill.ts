/** The bill that Tally offers to pay, and what of it a person is shown and allows. RFC 9396. */

import type { BeginOptions, Client, Session } from '../client/index.ts'
import type { AuthorizationDetail, DetailType } from '../core/authorization-details.ts'
import { readDetailTypes } from '../node/config/detail-types.ts'
import { type Payment, readPayment } from './bank.ts'

/** The type of authorization details for payments. */
export const paymentType = 'payment_initiation'

/** The bill. */
export const bill = {
  type: paymentType,
  instructedAmount: { currency: 'EUR', amount: '120.00' },
  creditorName: 'Heating & Sons',
  creditorAccount: { iban: 'DE02100100109307118603' },
} as const

/** How a person is asked for exactly this payment. */
export const askToPay: BeginOptions = {
  scope: 'openid payments',
  prompt: 'consent',
  authorizationDetails: [bill],
}

/** What an element has to be, and how people read it. */
const declared = {
  type: paymentType,
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['instructedAmount', 'creditorName', 'creditorAccount'],
    properties: {
      instructedAmount: {
        type: 'object',
        additionalProperties: false,
        required: ['currency', 'amount'],
        properties: {
          currency: { type: 'string', pattern: '^[A-Z]{3}$' },
          amount: { type: 'string', pattern: '^\\d{1,9}\\.\\d{2}$' },
        },
      },
      creditorName: { type: 'string', minLength: 1, maxLength: 140 },
      creditorAccount: {
        type: 'object',
        additionalProperties: false,
        required: ['iban'],
        properties: { iban: { type: 'string', minLength: 15, maxLength: 34 } },
      },
    },
  },
  consent: {
    title: { en: 'One payment', de: 'Eine Zahlung' },
    text: {
      en: 'Pay {instructedAmount|money} to {creditorName}, account {creditorAccount.iban}',
      de: '{instructedAmount|money} an {creditorName} zahlen, Konto {creditorAccount.iban}',
    },
    notShown: [],
  },
  choosable: [],
  atMost: ['instructedAmount.amount'],
}

/** The types of authorization details of the bank. */
export function paymentTypes(bank: string): readonly DetailType[] {
  const note = (where: string, what: string) => {
    throw new TypeError(`${where} ${what}`)
  }
  return readDetailTypes([{ resource: bank, authorizationDetails: [declared] }], note).flat()
}

/** Whether what a person allowed covers a payment: to the same account, and no more. */
export function allows(element: AuthorizationDetail, payment: Payment | undefined): boolean {
  const allowed = readPayment(element)
  if (allowed === undefined || payment === undefined) return false
  const { creditorName, iban, cents } = payment
  return creditorName === allowed.creditorName && iban === allowed.iban && cents <= allowed.cents
}

/** Has a payment made. */
export function pay(client: Client, session: Session, payment: typeof bill | AuthorizationDetail): Promise<Response> {
  const { type: _, ...body } = payment
  const headers = { 'content-type': 'application/json' }
  return client.call(session, '/payments', { method: 'POST', headers, body: JSON.stringify(body) })
}
