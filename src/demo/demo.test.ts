import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { ClientError } from '../client/index.ts'
import { clientId, grantRef } from '../core/names.ts'
import { ruleOf } from '../core/rules.ts'
import { random, sha256 } from '../node/runtime.ts'
import { createApp } from './app.ts'
import { demoUser, thievingUser } from './authorization-server.ts'
import { readPayment } from './bank.ts'
import { allows, bill } from './bill.ts'
import { Browser, formOf, headingOf } from './browser.ts'
import { assertOnlyItsOwn } from './forms.test-support.ts'
import { permissionOf } from './guarded-bank.ts'
import { interceptResponse, startAtApp } from './person.ts'
import { runScript } from './index.ts'
import { renderStory, renderStoryAsJson } from './report.ts'
import { serve } from './serve.ts'
import { tellStory } from './script.ts'
import { readStatements } from './machine.ts'
import { thefts } from './thefts/index.ts'
import type { Credentials } from './registrations.ts'
import { authenticatedForm, send } from './thief.ts'
import { anyPorts, startWorld, type World } from './world.ts'

let world: World
before(async () => {
  world = await startWorld(anyPorts)
})
after(() => world.close())

const nobodyListens = () => {}
const nobody = { progress: nobodyListens, outcome: nobodyListens }

async function connected(): Promise<Browser> {
  const browser = new Browser()
  const response = await interceptResponse(browser, world, await startAtApp(browser, world), demoUser)
  const page = await browser.open(response.href)
  assert.equal(headingOf(page), 'Hello, Alice Archer')
  return browser
}

/** Runs the demo as a process of its own. */
function spawnDemo(options: string, folder = tmpdir()) {
  const program = `import { runDemo } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)}
    process.exitCode = await runDemo(${options})`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, TMPDIR: folder },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += chunk))
  child.stderr.on('data', (chunk) => (output.stderr += chunk))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, output, ended }
}

test('the story: everything honest works and every theft is refused by exactly its rule', async () => {
  const story = await tellStory(world, nobodyListens)
  assert.equal(renderStory(story).includes('✖'), false, renderStory(story))
  assert.equal(story.ok, true)
  assert.equal(story.thefts.length, thefts.length)
  assert.deepEqual(
    story.thefts.map(({ refusedBy }) => refusedBy),
    thefts.map(({ expected }) => expected),
  )
  for (const { status, refusedBy } of story.thefts) {
    // Introspection refuses nobody who says who they are; it tells them nothing. RFC 7662 §2.2.
    if (refusedBy === 'client_role_wrong') assert.equal(status, 200)
    else assert.ok(status >= 400 && status < 500)
  }
  assert.equal(story.thefts.length, 26)
  assert.equal(story.steps.length, 46)
  const told = story.steps.filter(({ name }) => /^(the machine|the app renews|the bank)/.test(name))
  assert.equal(told.length, 7)
})

test('the story fails when a refusal is not the expected one', async () => {
  const blind: World = { ...world, incidents: { ...world.incidents, find: () => undefined } }
  assert.equal(await runScript(blind, { json: true }, nobody), 3)
  assert.equal(await runScript(world, { json: true }, nobody), 0)
  const story = await tellStory(blind, nobodyListens)
  assert.equal(story.ok, false)
  assert.ok(story.thefts.every(({ ok }) => !ok))
  assert.match(renderStory(story), /✖ {2}SK-39 .*NOT REFUSED/)
  assert.match(renderStory(story), /✖ 0 of \d+ thefts refused/)
})

test('every theft has its own name and a row of the attack catalogue', () => {
  assert.equal(new Set(thefts.map(({ name }) => name)).size, thefts.length)
  for (const { name, attack, expected } of thefts) {
    assert.ok(ruleOf(expected).attacks.includes(attack), `${name}: ${expected} does not stop ${attack}`)
  }
})

test('[CL-16] only a press of the button in this browser starts a flow', async () => {
  const browser = new Browser()
  const home = await browser.open(world.app)
  const button = formOf(home, ({ action }) => action.endsWith('/connect'))
  assert.equal((await browser.open(`${world.app}/connect`)).status, 404)
  await assertOnlyItsOwn(browser, button)
  const { status, url } = await browser.submit(button, {}, ({ origin }) => origin === world.issuer)
  assert.deepEqual([status, new URL(url).pathname], [303, '/authorize'])
  observed('CL-16', '403, and no flow')
})

test('[CL-16] the callback leads to a clean URL of the app, whatever it is told', async () => {
  const browser = new Browser()
  const response = await interceptResponse(browser, world, await startAtApp(browser, world), demoUser)
  response.searchParams.set('next', 'https://evil.example')
  const page = await browser.open(response.href)
  assert.equal(page.url, `${world.app}/`)
  const again = await browser.open(response.href)
  assert.equal(again.url, `${world.app}/`)
  assert.match(again.text, /This browser has not asked to connect a bank/)
  assert.equal(headingOf(await browser.open(world.app)), 'Hello, Alice Archer')
  observed('CL-16', 'the app, whatever next says')
})

test('[CL-03] a callback in another browser is refused before any code is redeemed', async () => {
  const victim = new Browser()
  const response = await interceptResponse(victim, world, await startAtApp(victim, world), demoUser)
  const stranger = new Browser()
  assert.match((await stranger.open(response.href)).text, /has not asked to connect a bank/)
  await startAtApp(stranger, world)
  assert.match((await stranger.open(response.href)).text, /state_mismatch/)
  assert.equal(headingOf(await victim.open(response.href)), 'Hello, Alice Archer')
  observed('CL-03', 'refused before any code was redeemed')
})

test('[CL-19] the app shows no token, and its session id changes when the bank is connected', async () => {
  const browser = await connected()
  const page = await browser.open(world.app)
  assert.doesNotMatch(page.text, /eyJ/)
  assert.match(page.text, /worth nothing: every call must also prove/)
  assert.doesNotMatch(page.text, /<script|https?:\/\/(?!127)/)
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(
    policy,
    /default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self' http:\/\/localhost/,
  )
})

test('[CL-16] the session cookie is out of reach of scripts and other sites, and changes with the connection', async () => {
  const first = await fetch(world.app)
  const cookie = first.headers.getSetCookie()[0] ?? ''
  assert.match(cookie, /HttpOnly/)
  assert.match(cookie, /SameSite=Lax/)
  const browser = new Browser()
  const response = await interceptResponse(browser, world, await startAtApp(browser, world), demoUser)
  const back = await browser.open(response.href, () => true)
  assert.equal(back.headers.getSetCookie().length, 1)
})

test('[RS-TOK-05] a customer sees only their own accounts', async () => {
  const mallory = new Browser()
  const response = await interceptResponse(mallory, world, await startAtApp(mallory, world), thievingUser)
  assert.equal(headingOf(await mallory.open(response.href)), 'Hello, Mallory Meyer')
  const { client } = world
  const { url, pending } = await client.begin({ prompt: 'consent' })
  const own = new Browser()
  const session = await client.finish(await interceptResponse(own, world, url, thievingUser), pending)
  assert.equal((await client.call(session, '/accounts/savings-1000/balance')).status, 404)
  assert.equal((await client.call(session, '/accounts/savings-1001/balance')).status, 200)
  const payment = await client.call(session, '/payments', { method: 'POST', body: '{}' })
  assert.equal(payment.status, 403)
})

test('what is only withheld counts as stopped for exactly the answer that tells nothing', async () => {
  const { magpie, bankServer, issuer, incidents, recorder, bank } = world
  await connected()
  const [, token = ''] =
    recorder
      .latest(({ url }) => url === `${bank}/accounts`)
      ?.headers.get('authorization')
      ?.split(' ') ?? []
  const ask = async (as: Credentials) => {
    const body = await authenticatedForm(as, issuer, { token })
    return send(`${issuer}/introspect`, { method: 'POST', body })
  }
  const toThief = await ask(magpie)
  const { outcome, rule, step, status } = incidents.find(toThief.correlationId) ?? assert.fail()
  assert.deepEqual([outcome, rule, step, status], ['withheld', 'client_role_wrong', 'introspection', 200])
  assert.equal(toThief.text, '{"active":false}')
  const toBank = await ask(bankServer)
  assert.match(toBank.text, /^\{"active":true,.*"client_id":"tally"/)
  assert.equal(incidents.find(toBank.correlationId), undefined)
})

test('both entrances are one server, and only the second one asks for certificates', async () => {
  const { issuer, mtls, machine, overTls } = world
  const metadata: unknown = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
  const { token_endpoint: main, mtls_endpoint_aliases: aliases } = Object(metadata)
  assert.deepEqual([main, aliases.token_endpoint], [`${issuer}/token`, `${mtls}/token`])
  const { expiresAt, boundTo, scope } = await machine.client.clientCredentials()
  assert.ok(expiresAt !== undefined && boundTo !== undefined)
  assert.deepEqual(scope, ['statements'])
  const used = machine.recorder.latest(({ url }) => url.endsWith('/token'))
  assert.equal(used?.url, `${mtls}/token`)
  // What the main entrance is sent for the machine lacks the certificate.
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: machine.clientId })
  for (const attempted of [
    await send(`${issuer}/token`, { method: 'POST', body }),
    await send(`${mtls}/token`, { method: 'POST', body }, overTls.nobody),
  ]) {
    assert.equal(world.incidents.find(attempted.correlationId)?.rule, 'client_certificate_missing')
  }
  assert.equal(await readStatements(machine), 200)
})

test('the app pays the bill that was allowed, once, and can make no other payment', async () => {
  const browser = await connected()
  const home = await browser.open(world.app)
  const button = formOf(home, ({ action }) => action.endsWith('/pay'))
  const toServer = await browser.submit(button, {}, ({ origin }) => origin === world.issuer)
  const consent = await browser.open(toServer.url)
  assert.match(consent.text, /Heating &amp; Sons/)
  assert.match(consent.text, /DE02100100109307118603/)
  assert.match(consent.text, /120\.00/)
  const form = formOf(consent, ({ buttons }) => buttons.includes('decision=allow'))
  const back = await browser.submit(form, { decision: 'allow' })
  assert.equal(back.url, `${world.app}/`)
  assert.match(back.text, /role="status".*120\.00 EUR went to Heating &amp; Sons/s)
  // Whoever does not allow it pays nothing, and stays connected.
  const again = await browser.submit(button, {}, ({ origin }) => origin === world.issuer)
  const page = await browser.open(again.url)
  const denied = await browser.submit(
    formOf(page, ({ buttons }) => buttons.includes('decision=deny')),
    {
      decision: 'deny',
    },
  )
  assert.match(denied.text, /You did not allow it, and that is fine/)
  assert.equal(headingOf(denied), 'Hello, Alice Archer')
  assert.equal((await new Browser().submit(button)).status, 403)
})

test('what was allowed covers that account and that amount', () => {
  const payment = readPayment(bill) ?? assert.fail()
  assert.equal(allows(bill, payment), true)
  assert.equal(allows(bill, { ...payment, cents: 11_999 }), true)
  assert.equal(allows(bill, { ...payment, cents: 12_001 }), false)
  assert.equal(allows(bill, { ...payment, iban: 'DE89370400440532013000' }), false)
  assert.equal(allows(bill, { ...payment, creditorName: 'Mallory Meyer' }), false)
  assert.equal(allows(bill, undefined), false)
  const amounts = ['1', '1.0', '-1.00', '1e3.00', '1,00', '1234567890.00', 12, undefined]
  for (const amount of amounts) {
    assert.equal(readPayment({ ...bill, instructedAmount: { currency: 'EUR', amount } }), undefined)
  }
  for (const body of [undefined, null, 'x', {}, { ...bill, creditorAccount: 'x' }, { ...bill, creditorName: 1 }]) {
    assert.equal(readPayment(body), undefined)
  }
  assert.equal(readPayment({ ...bill, instructedAmount: { currency: 'USD', amount: '1.00' } }), undefined)
})

test('one permission pays once, however a token narrows it or writes it down', () => {
  const { type, instructedAmount, ...rest } = bill
  const element = { type, instructedAmount, ...rest }
  const token = { grantRef: grantRef('g'.repeat(22)), clientId: clientId('tally') }
  const permission = permissionOf(token, element)
  const less = { ...element, instructedAmount: { currency: 'EUR', amount: '119.99' } }
  const turned = { ...rest, instructedAmount: { amount: '120.00', currency: 'EUR' }, type }
  for (const same of [less, turned]) assert.equal(permissionOf(token, same), permission)
  const other = { ...element, creditorAccount: { iban: 'DE89370400440532013000' } }
  assert.notEqual(permissionOf(token, other), permission)
  assert.notEqual(permissionOf({ ...token, grantRef: grantRef('h'.repeat(22)) }, element), permission)
})

test('a form that is larger than any of ours is not read', async () => {
  const reply = await fetch(`${world.app}/connect`, {
    method: 'POST',
    body: new URLSearchParams({ csrf: 'x'.repeat(100_000) }),
  })
  assert.equal(reply.status, 413)
  assert.match(reply.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  assert.equal((await fetch(world.app)).status, 200)
})

test('forgetting the connection ends its tokens at the server', async () => {
  const browser = await connected()
  const { authorization = '' } = Object.fromEntries(
    world.recorder.latest(({ url }) => url === `${world.bank}/accounts`)?.headers ?? [],
  )
  const [, token = ''] = authorization.split(' ')
  const ask = async () => {
    const body = await authenticatedForm(world.bankServer, world.issuer, { token })
    return (await send(`${world.issuer}/introspect`, { method: 'POST', body })).text
  }
  assert.match(await ask(), /^\{"active":true,/)
  const button = formOf(await browser.open(world.app), ({ action }) => action.endsWith('/disconnect'))
  const page = await browser.submit(button)
  assert.equal(headingOf(page), 'All your money at a glance')
  assert.doesNotMatch(page.text, /role="alert"/)
  assert.equal(await ask(), '{"active":false}')
})

test('where the server cannot be told, the connection is forgotten here and the person hears of it', async () => {
  const client = { ...world.client, revoke: () => Promise.reject(new ClientError('unreachable')) }
  const second = await serve({ host: '127.0.0.1', port: 0 })
  const app = createApp({ client, bankName: 'Bank', issuer: world.issuer, random, hash: sha256 })
  second.mount((request) => app.fetch(request))
  try {
    const browser = new Browser()
    const start = await startAtApp(browser, { ...world, app: second.url })
    const response = await interceptResponse(browser, world, start, demoUser)
    const home = await browser.open(`${second.url}/callback${response.search}`)
    const page = await browser.submit(formOf(home, ({ action }) => action.endsWith('/disconnect')))
    assert.equal(headingOf(page), 'All your money at a glance')
    assert.match(page.text, /role="alert".*the bank could not be told.*unreachable/s)
  } finally {
    await second.close()
  }
})

test('--json prints the story and nothing else', async () => {
  const { output, ended } = spawnDemo('{ script: true, json: true }')
  assert.equal(await ended, 0, output.stderr)
  const story = JSON.parse(output.stdout)
  assert.deepEqual(Object.keys(story), ['steps', 'thefts', 'ok'])
  assert.deepEqual(Object.keys(story.steps[0]), ['name', 'ok', 'detail'])
  assert.deepEqual(Object.keys(story.thefts[0]).toSorted(), ['attack', 'name', 'ok', 'refusedBy', 'status'])
  assert.match(output.stderr, /bound_token_sent_as_bearer/)
  assert.equal(renderStoryAsJson(story), output.stdout)
})

test('without the script it serves, says where to go, and stops when told', async () => {
  const { child, output, ended } = spawnDemo(
    '{ script: false, json: false, ports: { server: 0, mtls: 0, bank: 0, statements: 0, app: 0 } }',
  )
  const app = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const url = /(http:\S+) +the app/.exec(output.stdout)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('close', () => reject(new Error(output.stderr)))
  })
  assert.equal((await fetch(app)).status, 200)
  const [, folder = ''] = /--cacert (\S+)\/development\/ca\.pem/.exec(output.stdout) ?? []
  assert.equal(statSync(folder).mode & 0o077, 0, 'nobody else reads the keys')
  assert.match(output.stdout, /https:\/\/localhost:\d+ {3}the same authorization server, for clients with certificates/)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
  assert.equal(existsSync(folder), false, 'the certificates are gone with the demo')
})

test('a port that is taken: one line that names it, and exit code 4', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-demo-test-'))
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  for (const taken of ['server', 'mtls', 'bank', 'statements'] as const) {
    const ports = JSON.stringify({ ...anyPorts, [taken]: port })
    const { output, ended } = spawnDemo(`{ script: true, json: true, ports: ${ports} }`, folder)
    assert.equal(await ended, 4)
    assert.match(output.stderr, new RegExp(`^strongroom demo: [^\\n]*:${port}: another program uses the port\\n$`))
    assert.equal(output.stdout, '')
  }
  other.close()
  assert.deepEqual(readdirSync(folder), [], 'no certificate is left behind')
  rmSync(folder, { recursive: true })
})
