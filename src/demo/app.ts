import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type Client, ClientError, type Session } from '../client/index.ts'
import type { Hash, Random } from '../core/ports.ts'
import { type AppView, renderApp, type ShownAccount } from './app-pages.ts'
import { type BrowserSession, BrowserSessions, isPostedHere, type Notice } from './app-sessions.ts'
import { appStylesheet } from './app-stylesheet.ts'
import { askToPay, bill, pay } from './bill.ts'

/** What the app is made of. Of OAuth it knows one thing: the client. */
export type AppOptions = {
  readonly client: Client
  readonly bankName: string
  /** The forms of the app lead there, by a redirect. */
  readonly issuer: string
  readonly random: Random
  readonly hash: Hash
  /** The pages about thieves, when there are any. */
  readonly heist?: (sessions: BrowserSessions) => Hono
}

/** A form of ours holds a token, and nothing else. */
const formBytes = 4_096

/** Tally, the third-party app: "connect your bank". Server-rendered, without script. */
export function createApp(options: AppOptions): Hono {
  const { client } = options
  const sessions = new BrowserSessions(options.random)
  const app = new Hono()
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(headersOf(options))) c.header(name, value)
  })
  app.use(bodyLimit({ maxSize: formBytes }))
  app.get('/', (c) => showPage(c, sessions, options))
  app.post('/connect', (c) => begin(c, sessions, () => client.begin({ prompt: 'consent' })))
  app.post('/pay', (c) => begin(c, sessions, () => client.begin(askToPay), 'pay'))
  app.get('/callback', (c) => callback(c, sessions, client))
  app.post('/disconnect', (c) => disconnect(c, sessions, client))
  if (options.heist !== undefined) app.route('/heist', options.heist(sessions))
  return app
}

function headersOf({ issuer, hash }: AppOptions): Readonly<Record<string, string>> {
  const digest = hash(appStylesheet).replaceAll('-', '+').replaceAll('_', '/')
  const formTargets = `'self' ${new URL(issuer).origin}`
  return {
    'content-security-policy': `default-src 'none'; style-src 'sha256-${digest}='; form-action ${formTargets}; frame-ancestors 'none'; base-uri 'none'`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}

/** Only a press of the button in this browser starts a flow, and each asks the person anew. CL-16. */
async function begin(
  c: Context,
  sessions: BrowserSessions,
  start: () => ReturnType<Client['begin']>,
  errand?: 'pay',
): Promise<Response> {
  const browser = sessions.recognise(c)
  if (!(await isPostedHere(c, browser))) return c.text('This form does not belong to this browser.', 403)
  try {
    const { url, pending } = await start()
    sessions.keep({ ...browser, pending, errand })
    return c.redirect(url, 303)
  } catch (error) {
    sessions.keep({ ...browser, notice: noticeOf(error) })
    return c.redirect('/', 303)
  }
}

/** Whatever came back, the browser goes on to a URL that holds nothing of it. */
async function callback(c: Context, sessions: BrowserSessions, client: Client): Promise<Response> {
  const { pending, errand, ...browser } = sessions.recognise(c)
  if (pending === undefined) {
    sessions.keep({ ...browser, notice: noConnection })
    return c.redirect('/', 303)
  }
  // Erased before it is used: it works once.
  sessions.keep(browser)
  try {
    const session = await client.finish(c.req.url, pending)
    if (errand === 'pay') sessions.keep({ ...browser, notice: await payBill(client, session) })
    else sessions.replace(c, browser, { session, notice: connected })
  } catch (error) {
    sessions.keep({ ...browser, notice: noticeOf(error) })
  }
  return c.redirect('/', 303)
}

/** Pays what was just allowed. The permission is for this alone, and ends with it. */
async function payBill(client: Client, session: Session): Promise<Notice> {
  const response = await pay(client, session, bill)
  const body: unknown = await response.json()
  await client.revoke(session)
  if (response.ok) return paid
  return noticeOf(new BankRefused(textOf(body, 'rule'), textOf(body, 'correlation_id')))
}

/** The server hears of it too: what is only forgotten here could still be used by whoever has a copy. RFC 7009. */
async function disconnect(c: Context, sessions: BrowserSessions, client: Client): Promise<Response> {
  const browser = sessions.recognise(c)
  if (!(await isPostedHere(c, browser))) return c.text('This form does not belong to this browser.', 403)
  const { session } = browser
  const fresh = sessions.replace(c, browser, {})
  try {
    if (session !== undefined) await client.revoke(session)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    sessions.keep({ ...fresh, notice: { ...untold, rule: error.rule ?? error.reason } })
  }
  return c.redirect('/', 303)
}

async function showPage(c: Context, sessions: BrowserSessions, options: AppOptions): Promise<Response> {
  const { notice, ...browser } = sessions.recognise(c)
  sessions.keep(browser)
  const heist = options.heist === undefined ? undefined : '/heist'
  const view = { csrf: browser.csrf, bankName: options.bankName, notice, connection: undefined, heist }
  return c.html(renderApp(await withConnection(view, browser, options)))
}

async function withConnection(view: AppView, { session }: BrowserSession, { client }: AppOptions): Promise<AppView> {
  if (session === undefined) return view
  try {
    const [claims, accounts] = await Promise.all([client.userinfo(session), readAccounts(client, session)])
    const { name } = claims
    return { ...view, connection: { session, name: typeof name === 'string' ? name : 'you', accounts } }
  } catch (error) {
    return { ...view, notice: noticeOf(error) }
  }
}

async function readAccounts(client: Client, session: Session): Promise<readonly ShownAccount[]> {
  const list = listOf(await readJson(client, session, '/accounts'))
  return Promise.all(
    list.map(async ({ id, name }) => {
      const balance = await readJson(client, session, `/accounts/${encodeURIComponent(id)}/balance`)
      return { id, name, cents: Number(member(balance, 'cents')) }
    }),
  )
}

async function readJson(client: Client, session: Session, path: string): Promise<unknown> {
  const response = await client.call(session, path)
  const body: unknown = await response.json()
  if (!response.ok) throw new BankRefused(textOf(body, 'rule'), textOf(body, 'correlation_id'))
  return body
}

/** The bank, or what stands before it, does not answer the question. */
class BankRefused extends Error {
  override readonly name = 'BankRefused'
  readonly rule: string | undefined
  readonly correlationId: string | undefined
  constructor(rule: string | undefined, correlationId: string | undefined) {
    super('the bank refused')
    this.rule = rule
    this.correlationId = correlationId
  }
}

function listOf(body: unknown): readonly { readonly id: string; readonly name: string }[] {
  const list = member(body, 'accounts')
  if (!Array.isArray(list)) return []
  return list.map((entry: unknown) => ({ id: textOf(entry, 'id') ?? '', name: textOf(entry, 'name') ?? '' }))
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined
}

function textOf(value: unknown, name: string): string | undefined {
  const text = member(value, name)
  return typeof text === 'string' ? text : undefined
}

const connected: Notice = {
  kind: 'connected',
  sentence: 'Your bank is connected.',
  hint: 'Tally forgets it when you say so.',
}

const paid: Notice = {
  kind: 'paid',
  sentence: `${bill.instructedAmount.amount} ${bill.instructedAmount.currency} went to ${bill.creditorName}.`,
  hint: 'That was the one payment you allowed. Tally cannot make another.',
}

const noConnection: Notice = {
  kind: 'refused',
  sentence: 'This browser has not asked to connect a bank.',
  hint: 'Start here.',
}

const untold: Notice = {
  kind: 'refused',
  sentence: 'The connection is forgotten here, and the bank could not be told.',
  hint: 'What you allowed ends by itself.',
}

function noticeOf(error: unknown): Notice {
  if (error instanceof BankRefused) {
    const { rule, correlationId } = error
    const hint = 'Connect your bank again.'
    return { kind: 'refused', sentence: 'The bank no longer answers to this connection.', hint, rule, correlationId }
  }
  if (!(error instanceof ClientError)) throw error
  const { reason, rule = reason, correlationId } = error
  if (reason === 'access_denied') {
    return { kind: 'denied', sentence: 'You did not allow it, and that is fine.', hint: 'Nothing was shared.' }
  }
  const hint = 'Nothing was shared. You can start again.'
  return { kind: 'refused', sentence: 'The connection was not made.', hint, rule, correlationId }
}
