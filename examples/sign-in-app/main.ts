/**
 * A sign-in application of your own in front of Strongroom: its own people, its own pages, and three steps.
 *
 *   start    Strongroom sends the browser here with the name of an interaction; we ask what is pending
 *   decide   we say who signed in, and what they decided
 *   finish   we send the browser to the address that comes back
 *
 * Plain Node; strongroom.ts makes the two calls. README.md tells how to run it, docs/sign-in-app.md what each field means.
 */

import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Pending, Refused } from './strongroom.ts'

const issuer = process.env['ISSUER'] ?? 'http://localhost:4400'
const port = Number(process.env['PORT'] ?? 4600)
const clientId = process.env['CLIENT_ID'] ?? exit('CLIENT_ID is missing: what `strongroom client add` printed')
const key: unknown = JSON.parse(readFileSync(process.env['KEY_FILE'] ?? 'sign-in.key.json', 'utf8'))
const strongroom = connect(issuer, clientId, key)

/** Your directory of people. The id is what Strongroom knows them by: it must never change and never be given again. */
const salt = randomBytes(16)
const digest = (password: string) => scryptSync(password, salt, 32)
const people = new Map([
  ['zoe', { id: 'employee-4711', name: 'Zoe Example', email: 'zoe@example.org', password: digest('tulips') }],
  ['max', { id: 'employee-4712', name: 'Max Example', email: 'max@example.org', password: digest('orchids') }],
])

/** One browser, with who signed in here and when. Your application has sessions of its own already. */
type Visit = { readonly csrf: string; readonly signedIn?: { readonly username: string; readonly authTime: number } }
const visits = new Map<string, Visit>()

/** The browser arrives, or comes back after it signed in. */
async function enter(request: Arrived): Promise<Answer> {
  const { visit, query } = request
  // Only the server that this application belongs to sends people here.
  if (query['iss'] !== issuer) throw new Refused('This link comes from somewhere else.', 400)
  const person = people.get(visit.signedIn?.username ?? '')
  const known = person === undefined ? {} : { subject: person.id }
  const pending = await strongroom.start({ interaction: query['interaction'] ?? '', ...known })
  const isFresh = visit.signedIn !== undefined && visit.signedIn.authTime >= pending.auth_time_from
  return { page: isFresh && person !== undefined ? consentPage(pending, person, visit) : signInPage(pending, visit) }
}

/** The form with name and password. Whoever signs in gets a new cookie: one that was planted is worth nothing. */
function signIn({ form }: Arrived): Answer {
  const person = people.get(form['username'] ?? '')
  // Nobody's password takes as long to check as somebody's.
  const isRight = timingSafeEqual(digest(form['password'] ?? ''), person?.password ?? Buffer.alloc(32))
  if (person === undefined || !isRight) throw new Refused('Sign-in failed. Go back and try again.', 403)
  const signedIn = { username: form['username'] ?? '', authTime: Math.floor(Date.now() / 1000) }
  const again = new URLSearchParams({ interaction: form['interaction'] ?? '', iss: issuer })
  return { redirect: `/?${again.toString()}`, visit: { csrf: secret(), signedIn } }
}

/** One of the two buttons. Strongroom checks again that the sign-in is as fresh, and as strong, as the request demands. */
async function decide({ form, visit }: Arrived): Promise<Answer> {
  const interaction = form['interaction'] ?? ''
  const { signedIn } = visit
  const person = people.get(signedIn?.username ?? '')
  if (person === undefined || signedIn === undefined) throw new Refused('Sign in first.', 403)
  const decided =
    form['decision'] === 'allow'
      ? await strongroom.decide({
          interaction,
          decision: 'allow',
          subject: person.id,
          username: signedIn.username,
          name: person.name,
          email: person.email,
          auth_time: String(signedIn.authTime),
          acr: 'urn:example:password',
          amr: 'pwd',
        })
      : await strongroom.decide({ interaction, decision: 'deny' })
  return { redirect: decided }
}

const hidden = (name: string, value: string) => `<input type="hidden" name="${name}" value="${escape(value)}">`

function signInPage(pending: Pending, { csrf }: Visit): string {
  return `<h1>Sign in to go on to ${escape(pending.client.client_name)}</h1>
<form method="post" action="/sign-in">${hidden('csrf', csrf)}${hidden('interaction', pending.interaction)}
<label>User name <input name="username" autocomplete="username" value="${escape(pending.login_hint ?? '')}"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button></form>`
}

/** Who asks, what is verified about them, everything they ask for, and for how long. Refusing is first: Enter does it. */
function consentPage(pending: Pending, person: { readonly name: string }, { csrf }: Visit): string {
  const words: Readonly<Record<string, string>> = {
    openid: 'Know that it is you',
    profile: 'See your name',
    email: 'See your e-mail address',
    offline_access: 'Go on while you are away',
  }
  const { before } = pending
  const scopes = pending.scopes.map(({ scope, api, description }) => {
    const isMore = before !== undefined && !before.scope.includes(scope)
    const at = api === undefined ? '' : ` (${escape(api)})`
    return `<li>${escape(description ?? words[scope] ?? scope)}${at}${isMore ? ' <strong>new</strong>' : ''}</li>`
  })
  const asked = pending.authorization_details
  const details = asked.map(({ title, text }) => `<li>${escape(title)}: ${text.map(written).join('')}</li>`)
  const { client_name: name, redirect_host: host, registered_at: since } = pending.client
  return `<h1>${escape(name)} asks for access</h1>
<p>It chose that name itself. It is registered here since ${day(since)}, and you go back to <strong>${escape(host)}</strong>.</p>
<p>You are ${escape(person.name)}.${before === undefined ? '' : ` You allowed it something on ${day(before.given_at)}.`}</p>
<ul>${[...scopes, ...details].join('')}</ul>
<p>This lasts ${howLong(pending)}. You can take it back in <a href="${escape(issuer)}/account">your account</a>.</p>
<form method="post" action="/decide">${hidden('csrf', csrf)}${hidden('interaction', pending.interaction)}
<button name="decision" value="deny">Do not allow</button> <button name="decision" value="allow">Allow</button></form>`
}

const day = (seconds: number) => new Date(seconds * 1000).toUTCString().slice(5, 16)

function howLong({ lasts }: Pending): string {
  if (lasts.until === 'sign_out') return 'until you sign out'
  const days = Math.ceil(lasts.seconds / 86_400)
  return `up to ${days} day${days === 1 ? '' : 's'}, also while you are away`
}

/** What the client wrote must not pass for words of the operator. */
function written({ kind, text }: Pending['authorization_details'][number]['text'][number]): string {
  return kind === 'value' ? `<strong><bdi>${escape(text)}</bdi></strong>` : escape(text)
}

type Arrived = {
  readonly visit: Visit
  readonly query: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
}
type Answer = { readonly page: string } | { readonly redirect: string; readonly visit?: Visit }

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`)
  const id = /(?:^|; *)visit=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  const visit = visits.get(id) ?? { csrf: secret() }
  const form = request.method === 'POST' ? Object.fromEntries(new URLSearchParams(await bodyOf(request))) : {}
  const arrived = { visit, query: Object.fromEntries(url.searchParams), form }
  const route = `${request.method} ${url.pathname}`
  const isPost = route === 'POST /sign-in' || route === 'POST /decide'
  if (!isPost && route !== 'GET /') throw new Refused('There is nothing here.', 404)
  // A form counts only if this browser got it from here.
  if (isPost && form['csrf'] !== visit.csrf) throw new Refused('Go back, reload the page, and try again.', 403)
  const done = route === 'POST /sign-in' ? signIn(arrived) : await (isPost ? decide(arrived) : enter(arrived))
  if ('page' in done) return send(response, 200, done.page, visits.has(id) ? {} : remember(visit))
  if (done.visit !== undefined) visits.delete(id)
  send(response, 303, '', { location: done.redirect, ...(done.visit === undefined ? {} : remember(done.visit)) })
}

/** A cookie for a visit. Over https its name begins with `__Host-`, and it is `Secure`. */
function remember(visit: Visit): Readonly<Record<string, string>> {
  const id = secret()
  visits.set(id, visit)
  for (const [oldest] of visits) if (visits.size > 10_000) visits.delete(oldest)
  return { 'set-cookie': `visit=${id}; Path=/; HttpOnly; SameSite=Lax` }
}

function send(response: ServerResponse, status: number, page: string, more: Readonly<Record<string, string>>): void {
  // No form-action: browsers would hold the redirects that follow a form against it, which end at the client.
  const csp = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
  const safe = { 'cache-control': 'no-store', 'content-security-policy': csp, 'referrer-policy': 'no-referrer' }
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...safe, ...more })
  const head = '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign in</title>'
  response.end(page === '' ? '' : `<!doctype html><html lang="en">${head}<main>${page}</main></html>`)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const part of request) {
    body += String(part)
    if (body.length > 10_000) throw new Refused('That is too much.', 413)
  }
  return body
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function secret(): string {
  return randomBytes(32).toString('base64url')
}

function exit(reason: string): never {
  console.error(reason)
  process.exit(2)
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    const [status, words] = error instanceof Refused ? [error.status, error.message] : [500, 'Something went wrong.']
    if (!(error instanceof Refused)) console.error(error)
    send(response, status, `<h1>That did not work</h1><p>${escape(words)}</p>`, {})
  })
})
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`))
