/** Views of every page, as tests show them. */

import { correlationId, type NumericDate, numericDate } from '../core/names.ts'
import { publicRefusal } from '../core/rules.ts'
import type { AccountView, AskView, ConsentView, DetailView, Pages, SignInView, SignOutView } from '../server/pages.ts'

/** 2026-01-02T03:04:05Z, and so many days later. */
export const day = (later: number): NumericDate => numericDate(1_767_323_045 + later * 86_400)

/** What stands in every place that somebody else writes. */
export type Names = {
  readonly client: string
  readonly user: string
  readonly holder: string
  readonly value: string
  readonly device: string
  readonly code: string
  /** What the operator wrote. */
  readonly provider: string
}

export const honestNames: Names = {
  client: 'Tally',
  user: 'alice',
  holder: 'Demo Bank',
  value: 'DE02100100109307118603',
  device: 'Firefox on Linux',
  code: 'a-code',
  provider: 'City',
}

/** The same text everywhere. */
export const everywhere = (text: string): Names => ({
  client: text,
  user: text,
  holder: text,
  value: text,
  device: text,
  code: text,
  provider: text,
})

const clientOf = ({ client, code }: Names) => ({
  name: client,
  clientId: code,
  redirectHost: code,
  registeredAt: day(0),
})

export const signInView = (names = honestNames, more: Partial<SignInView> = {}): SignInView => ({
  languages: ['en'],
  occasion: { kind: 'client', client: clientOf(names) },
  csrf: names.code,
  demand: 'any',
  password: { action: '/interaction/abc/sign-in', username: '', password: undefined },
  passkey: { action: '/interaction/abc/passkey', options: JSON.stringify({ challenge: names.code }) },
  upstream: [{ name: { en: names.provider, de: names.provider }, action: '/interaction/abc/upstream/city' }],
  cancelAction: '/interaction/abc/cancel',
  failed: undefined,
  ...more,
})

const asksOf = ({ holder, code }: Names): readonly AskView[] => [
  {
    holder: undefined,
    scopes: ['openid', 'profile', 'email', 'offline_access'].map((name) => ({ name, description: undefined })),
  },
  { holder, scopes: [{ name: code, description: { en: 'See your accounts', de: 'Ihre Konten sehen' } }] },
]

export const detailOf = ({ holder, value }: Names): DetailView => ({
  holder,
  element: {
    type: 'payment',
    amount: { currency: 'EUR', amount: '123.50' },
    creditor: value,
    accounts: [value, value],
  },
  consent: {
    title: { en: 'Make one payment', de: 'Eine Zahlung ausführen' },
    text: {
      en: 'Pay {amount|money} to {creditor} from {accounts|list}.',
      de: '{amount|money} von {accounts|list} an {creditor} zahlen.',
    },
  },
  choices: [{ member: 'accounts', name: 'choice.0.accounts', entries: [value, value] }],
})

export const consentView = (names = honestNames, more: Partial<ConsentView> = {}): ConsentView => ({
  languages: ['en'],
  client: clientOf(names),
  username: names.user,
  action: '/interaction/abc/consent',
  csrf: names.code,
  asks: asksOf(names),
  details: [detailOf(names)],
  lasts: { kind: 'offline', seconds: 30 * 86_400 },
  before: { givenAt: day(1), scope: ['openid'] },
  accountUrl: '/account',
  failed: undefined,
  ...more,
})

export const accountView = (names = honestNames, more: Partial<AccountView> = {}): AccountView => ({
  languages: ['en'],
  username: names.user,
  csrf: names.code,
  actions: {
    endAccess: '/account/access',
    endSession: '/account/session',
    renamePasskey: '/account/passkey/name',
    removePasskey: '/account/passkey/remove',
    signInAgain: '/account/again',
    signOut: '/logout',
  },
  clients: [
    {
      clientId: names.code,
      name: names.client,
      consent: { asks: asksOf(names), givenAt: day(1) },
      grants: [
        {
          ref: 'first',
          asks: asksOf(names),
          details: [],
          allowedAt: day(1),
          lastUsedAt: day(2),
          ends: 'with_sign_in',
          expiresAt: day(3),
        },
        {
          ref: 'second',
          asks: [],
          details: [detailOf(names)],
          allowedAt: day(1),
          lastUsedAt: undefined,
          ends: 'by_itself',
          expiresAt: day(4),
        },
      ],
    },
  ],
  shown: 'all',
  sessions: [
    {
      sid: 'here',
      which: 'this',
      device: names.device,
      authTime: day(1),
      expiresAt: day(2),
      amr: ['hwk', 'user', 'mfa'],
    },
    {
      sid: 'there',
      which: 'other',
      device: names.device,
      authTime: day(1),
      expiresAt: day(2),
      amr: ['pwd', names.code],
    },
    { sid: 'elsewhere', which: 'other', device: '', authTime: day(1), expiresAt: day(2), amr: [] },
  ],
  passkeys: [
    { credentialId: 'one', name: names.device, backup: 'device_bound', createdAt: day(1), lastUsedAt: day(2) },
    { credentialId: 'two', name: '', backup: 'backed_up', createdAt: day(1), lastUsedAt: undefined },
    { credentialId: 'three', name: names.device, backup: 'eligible', createdAt: day(1), lastUsedAt: undefined },
  ],
  enrolment: { kind: 'open', way: { action: '/account/passkey', options: JSON.stringify({ challenge: names.code }) } },
  events: [
    { time: day(2), type: 'user.login.succeeded', outcome: 'allowed', client: undefined, count: 1 },
    { time: day(2), type: 'user.login.failed', outcome: 'blocked', client: undefined, count: 3 },
    { time: day(1), type: 'oauth.code.replayed', outcome: 'revoked', client: names.client, count: 1 },
    { time: day(1), type: names.code, outcome: 'allowed', client: undefined, count: 1 },
  ],
  notice: undefined,
  failed: undefined,
  ...more,
})

export const signOutView = (names = honestNames, more: Partial<SignOutView> = {}): SignOutView => ({
  languages: ['en'],
  client: names.client,
  username: names.user,
  action: '/logout/confirm',
  csrf: names.code,
  fields: [['state', names.code]],
  ...more,
})

export const errorView = {
  languages: ['en'],
  refusal: publicRefusal('authorization_not_pushed'),
  correlationId: correlationId('c'.repeat(22)),
}

/** Every page, with names and in the languages somebody reads. */
export function everyPage(
  pages: Pages,
  names = honestNames,
  languages: readonly string[] = ['en'],
): ReadonlyMap<string, string> {
  const failed = publicRefusal('password_wrong')
  return new Map([
    ['sign-in', pages.signIn(signInView(names, { languages }))],
    ['sign-in, failed', pages.signIn(signInView(names, { languages, failed, passkey: undefined, upstream: [] }))],
    ['sign-in, again', pages.signIn(signInView(names, { languages, demand: 'again', occasion: { kind: 'account' } }))],
    [
      'sign-in, passkey',
      pages.signIn(
        signInView(names, { languages, demand: 'passkey', password: undefined, upstream: [], cancelAction: undefined }),
      ),
    ],
    ['consent', pages.consent(consentView(names, { languages }))],
    ['consent, failed', pages.consent(consentView(names, { languages, failed }))],
    [
      'consent, sign-in only',
      pages.consent(
        consentView(names, { languages, asks: [], details: [], before: undefined, lasts: { kind: 'sign_in' } }),
      ),
    ],
    ['account', pages.account(accountView(names, { languages }))],
    [
      'account, sign in again',
      pages.account(
        accountView(names, { languages, enrolment: { kind: 'sign_in_again' }, notice: 'access_ended', failed }),
      ),
    ],
    [
      'account, empty',
      pages.account(
        accountView(names, {
          languages,
          clients: [],
          sessions: [],
          passkeys: [],
          events: [],
          enrolment: { kind: 'full' },
        }),
      ),
    ],
    ['sign-out', pages.signOut(signOutView(names, { languages }))],
    ['sign-out, unasked', pages.signOut(signOutView(names, { languages, client: undefined, fields: [] }))],
    ['signed-out', pages.signedOut({ languages })],
    ['error', pages.error({ ...errorView, languages })],
  ])
}
