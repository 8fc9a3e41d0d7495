import type { JsonObject } from '../../../../src/core/names.ts'
import { accepts, type Case, type Exchange, refuses } from './exchange.ts'

const payment = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '120.00' },
  creditorName: 'Heating & Sons',
  creditorAccount: { iban: 'DE02100100109307118603' },
} as const
const accounts = {
  type: 'account_information',
  accounts: [{ iban: 'DE01' }, { iban: 'DE02' }, { iban: 'DE03' }],
  actions: ['list_accounts', 'read_balances'],
} as const
const archive = { type: 'archive_access', folders: ['letters', 'photographs'] } as const

const text = (...elements: readonly JsonObject[]) => ({ authorization_details: JSON.stringify(elements) })
const named = (...elements: readonly JsonObject[]) => ({ change: { set: text(...elements) } })
const written = (json: string) => ({ change: { set: { authorization_details: json } } })
const pushed = (...elements: readonly JsonObject[]) => ({ given: { push: { set: text(...elements) } } })
const cents = (amount: string) => ({ ...payment, instructedAmount: { currency: 'EUR', amount } })
const without = (types: readonly string[]) => ({ registration: { authorization_details_types: types } })

/** What is wrong wherever details are named: at the push and at the token endpoint. */
const malformed: readonly Case[] = [
  { name: 'no JSON', ...written('payment') },
  { name: 'an object', ...written(JSON.stringify(payment)) },
  { name: 'a text that holds JSON', ...written(JSON.stringify(JSON.stringify([payment]))) },
  { name: 'an empty array', ...written('[]') },
  { name: 'an element that is no object', ...written('["payment_initiation"]') },
  { name: 'no type', ...written('[{"creditorName":"x"}]') },
  { name: 'a numeric type', ...written('[{"type":7}]') },
  { name: 'a member twice', ...written('[{"type":"payment_initiation","type":"account_information"}]') },
  { name: 'a member named __proto__', ...written('[{"type":"payment_initiation","__proto__":{}}]') },
  { name: 'eleven elements', ...named(...Array.from({ length: 11 }, () => payment)) },
  { name: 'more than 8 kB', ...named({ ...payment, creditorName: 'x'.repeat(8192) }) },
]
const invalid: readonly Case[] = [
  { name: 'a member nobody knows', ...named({ ...payment, more: 1 }) },
  { name: 'a wrong JSON type', ...named({ ...payment, creditorName: 7 }) },
  { name: 'an illegal value', ...named(cents('-1')) },
  { name: 'a missing member', ...named({ type: 'payment_initiation' }) },
  { name: 'another location', ...named({ ...payment, locations: ['https://archive.example/v1'] }) },
]
const unknown: readonly Case[] = [{ name: 'a type nobody declared', ...named({ type: 'payment' }) }]

/** What exactly is to be allowed, from the push to the API. */
export const authorizationDetails: readonly Exchange[] = [
  ...accepts(
    ['push'],
    [
      { name: 'details beside a scope', ...named(payment, accounts) },
      { name: 'details alone', change: { set: text(payment), remove: ['scope'] } },
      { name: 'a location that is the API', ...named({ ...payment, locations: ['https://bank.example'] }) },
    ],
  ),
  ...refuses('authorization_details_malformed', ['push', 'redeem', 'refresh'], malformed),
  ...refuses('authorization_details_type_unknown', ['push', 'redeem', 'refresh'], unknown),
  ...refuses('authorization_details_invalid', ['push', 'redeem', 'refresh'], invalid),
  ...refuses(
    'authorization_details_type_not_allowed',
    ['push', 'redeem', 'refresh'],
    [
      {
        name: 'a type the client may not use',
        ...named(payment),
        meanwhile: [without(['account_information'])],
      },
    ],
  ),
  ...accepts(
    ['decide'],
    [
      { name: 'all of it', ...pushed(accounts) },
      { name: 'one account left out', ...pushed(accounts), change: { remove: ['choice.0.accounts.1'] } },
    ],
  ),
  ...refuses(
    'authorization_details_empty_choice',
    ['decide'],
    [
      {
        name: 'no account left',
        ...pushed(accounts),
        change: { remove: ['choice.0.accounts.0', 'choice.0.accounts.1', 'choice.0.accounts.2'] },
      },
    ],
  ),
  ...refuses(
    'consent_tampered',
    ['decide'],
    [
      { name: 'an account more', ...pushed(accounts), change: { set: { 'choice.0.accounts.3': 'on' } } },
      { name: 'a list nobody may choose from', ...pushed(accounts), change: { set: { 'choice.0.actions.0': 'on' } } },
      { name: 'an element more', ...pushed(accounts), change: { set: { 'choice.1.accounts.0': 'on' } } },
      { name: 'a value of its own', ...pushed(accounts), change: { set: { 'choice.0.accounts.0': 'DE99' } } },
      { name: 'details nobody asked for', change: { set: { 'choice.0.accounts.0': 'on' } } },
    ],
  ),
  ...refuses(
    'request_no_longer_allowed',
    ['decide'],
    [{ name: 'its types were narrowed', ...pushed(payment), meanwhile: [without(['account_information'])] }],
  ),
  ...accepts(['redeem', 'refresh'], [{ name: 'as granted', ...pushed(payment) }], {
    members: { authorization_details: [payment] },
  }),
  ...accepts(['redeem', 'refresh'], [{ name: 'for a smaller amount', ...pushed(payment), ...named(cents('7.5')) }], {
    members: { authorization_details: [cents('7.5')] },
  }),
  ...accepts(
    ['redeem'],
    [
      {
        name: 'for one of two APIs',
        ...pushed(payment, archive),
        change: { set: { resource: 'https://bank.example' } },
      },
    ],
    { members: { authorization_details: [payment] } },
  ),
  ...refuses(
    'authorization_details_not_granted',
    ['redeem', 'refresh'],
    [
      { name: 'none were granted', ...named(payment) },
      { name: 'a larger amount', ...pushed(payment), ...named(cents('120.01')) },
      { name: 'another creditor', ...pushed(payment), ...named({ ...payment, creditorName: 'Mallory' }) },
      { name: 'the same payment twice', ...pushed(payment), ...named(payment, payment) },
      { name: 'an action more', ...pushed(accounts), ...named({ ...accounts, actions: ['read_transactions'] }) },
    ],
  ),
  ...refuses(
    'authorization_details_need_one_resource',
    ['redeem'],
    [{ name: 'elements of two APIs', ...pushed(payment, archive) }],
  ),
  ...refuses(
    'authorization_details_outdated',
    ['redeem'],
    [
      {
        name: 'the client lost the type',
        given: { push: { set: text(payment), remove: ['scope'] } },
        meanwhile: [without([])],
      },
    ],
  ),
  ...refuses(
    'authorization_details_without_person',
    ['client credentials'],
    [{ name: 'a payment', ...named(payment) }],
  ),
  ...accepts(['pay'], [{ name: 'to the account that was allowed' }]),
  ...refuses(
    'authorization_details_insufficient',
    ['pay'],
    [
      {
        name: 'to another account',
        change: {
          token: { claims: { authorization_details: [{ ...payment, creditorAccount: { iban: 'DE99' } }] } },
        },
      },
      { name: 'with a token for something else', change: { token: { claims: { authorization_details: [accounts] } } } },
      { name: 'with a token without details', change: { token: { without: ['claims.authorization_details'] } } },
    ],
  ),
  ...refuses(
    'access_token_malformed',
    ['pay'],
    [
      { name: 'details that are no list', change: { token: { claims: { authorization_details: payment } } } },
      { name: 'an element without a type', change: { token: { claims: { authorization_details: [{}] } } } },
    ],
  ),
]
