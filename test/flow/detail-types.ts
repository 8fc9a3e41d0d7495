/** The types of authorization details that the APIs of the tests declare, and elements of them. */

import assert from 'node:assert/strict'
import type { DetailType } from '../../src/core/authorization-details.ts'
import type { JsonObject } from '../../src/core/names.ts'
import { readDetailTypes } from '../../src/node/config/detail-types.ts'

const object = (properties: JsonObject, required: readonly string[] = Object.keys(properties)) =>
  ({ type: 'object', additionalProperties: false, properties, required }) as const

const iban = { type: 'string', minLength: 4, maxLength: 34 } as const

const payment = {
  type: 'payment_initiation',
  schema: object(
    {
      instructedAmount: object({
        currency: { type: 'string', pattern: '^[A-Z]{3}$' },
        amount: { type: 'string', pattern: '^\\d{1,12}(\\.\\d{1,2})?$' },
      }),
      creditorName: { type: 'string', maxLength: 8000 },
      creditorAccount: object({ iban }),
      executionDate: { type: 'string', format: 'date' },
      actions: { type: 'array', items: { enum: ['initiate', 'status', 'cancel'] } },
      locations: { type: 'array', items: { type: 'string' } },
    },
    ['instructedAmount', 'creditorName', 'creditorAccount'],
  ),
  consent: {
    title: { en: 'Payment', de: 'Zahlung' },
    text: {
      en: 'Pay {instructedAmount|money} to {creditorName} ({creditorAccount.iban})[ on {executionDate|date}][: {actions|list}]',
      de: '{instructedAmount|money} an {creditorName} ({creditorAccount.iban}) zahlen[ am {executionDate|date}][: {actions|list}]',
    },
    notShown: ['locations'],
  },
  choosable: [],
  atMost: ['instructedAmount.amount'],
}

const accounts = {
  type: 'account_information',
  schema: object({
    accounts: { type: 'array', minItems: 1, items: object({ iban }) },
    actions: { type: 'array', items: { enum: ['list_accounts', 'read_balances', 'read_transactions'] } },
  }),
  consent: { title: 'Accounts', text: 'On {accounts|list:iban}: {actions|list}', notShown: [] },
  choosable: ['accounts'],
  atMost: [],
}

const folders = {
  type: 'archive_access',
  schema: object({ folders: { type: 'array', minItems: 1, items: { type: 'string' } } }),
  consent: { title: 'Archive', text: 'Read {folders|list}', notShown: [] },
  choosable: ['folders'],
  atMost: [],
}

/** What is declared, by the name of the type, as `setting.json` of the vectors has it. */
export const declaredTypes: JsonObject = Object.fromEntries(
  [payment, accounts, folders].map(({ type, schema, choosable, atMost }) => [
    type,
    {
      resource: type === folders.type ? 'https://archive.example/v1' : 'https://bank.example',
      schema,
      choosable,
      at_most: atMost,
    },
  ]),
)

/** The types of an API, compiled as the configuration does. */
function compiled(
  resource: string,
  authorizationDetails: readonly (typeof payment | typeof accounts | typeof folders)[],
) {
  const note = (where: string, what: string) => assert.fail(`${where}: ${what}`)
  return readDetailTypes([{ resource, authorizationDetails: [...authorizationDetails] }], note)[0] ?? []
}

export const bankDetailTypes: readonly DetailType[] = compiled('https://bank.example', [payment, accounts])
export const archiveDetailTypes: readonly DetailType[] = compiled('https://archive.example/v1', [folders])

/** The names of all of them. */
export const detailTypeNames: readonly string[] = [payment.type, accounts.type, folders.type]

/** A payment as a client asks for one, with changes; a member set to undefined goes away. */
export function aPayment(changes: JsonObject = {}): JsonObject {
  return {
    type: 'payment_initiation',
    instructedAmount: { currency: 'EUR', amount: '120.00' },
    creditorName: 'Heating & Sons',
    creditorAccount: { iban: 'DE02100100109307118603' },
    ...changes,
  }
}

/** Access to accounts, as a client asks for it. */
export function anAccountAccess(changes: JsonObject = {}): JsonObject {
  return {
    type: 'account_information',
    accounts: [{ iban: 'DE01' }, { iban: 'DE02' }, { iban: 'DE03' }],
    actions: ['list_accounts', 'read_balances'],
    ...changes,
  }
}

/** Access to folders of the archive. */
export function anArchiveAccess(folders: readonly string[] = ['letters', 'photographs']): JsonObject {
  return { type: 'archive_access', folders }
}
