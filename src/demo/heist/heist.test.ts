import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { publicRefusal, ruleOf } from '../../core/rules.ts'
import { demoUser } from '../authorization-server.ts'
import { Browser, formOf, headingOf, type Visit } from '../browser.ts'
import { assertOnlyItsOwn } from '../forms.test-support.ts'
import { type Performance, perform } from '../performance.ts'
import { interceptResponse, startAtApp } from '../person.ts'
import { type Theft, thefts } from '../thefts/index.ts'
import { createProver, send } from '../thief.ts'
import { newPerson } from '../victim.ts'
import { anyPorts, startWorld, type World } from '../world.ts'
import { artefactOf } from './bag.ts'
import { type Keepsake, keepsakeOf } from './keepsake.ts'
import { rowsOf } from './sequence.ts'
import { shortened } from './shortened.ts'
import { renderTheft } from './theft-page.ts'
import { Turns } from './turns.ts'
import { Visitors } from './visitors.ts'

let world: World
before(async () => {
  world = await startWorld(anyPorts)
})
after(() => world.close())

const theftCalled = (id: string): Theft => thefts.find((theft) => theft.id === id) ?? assert.fail(id)

/** Presses the button of a theft on the overview. */
async function attempt(browser: Browser, id: string): Promise<Visit> {
  const overview = await browser.open(`${world.app}/heist`)
  return browser.submit(formOf(overview, ({ action }) => action.endsWith(`/heist/thefts/${id}`)))
}

/** The text of a page, without its tags. */
function read({ text }: Visit): string {
  const body = text.slice(text.indexOf('<body'))
  return body.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

for (const theft of thefts) {
  test(`one click: ${theft.name}`, async () => {
    const browser = new Browser()
    const page = await attempt(browser, theft.id)
    assert.equal(page.url, `${world.app}/heist/thefts/${theft.id}`)
    assert.equal(headingOf(page), theft.title)
    assert.match(page.text, new RegExp(`class="rule"><code>${theft.expected}</code>`))
    assert.match(page.text, /class="badge good">Refused</)
    // What the thief was told, what the operator sees, and the clause.
    const words = read(page)
    const { clause, sentence } = ruleOf(theft.expected)
    for (const part of [clause, sentence, theft.attack, `docs/refusals.md#${theft.expected}`]) {
      assert.ok(page.text.includes(part), `${part} in ${words}`)
    }
    if (theft.told === undefined) assert.ok(words.includes(publicRefusal(theft.expected).sentence))
    else assert.match(words, /and nothing else/)
    // One refused arrow in each of the two sizes, and the honest call with its 200.
    assert.equal([...page.text.matchAll(/class="arrow alarm dashed"/g)].length, 2)
    assert.match(page.text, /<li class="good"><span>[^<]*as if nothing had happened<\/span> <span class="detail">200/)
    assert.doesNotMatch(page.text, /class="(bad"|badge bad|verdict bad|arrow loss)/)
    assert.doesNotMatch(page.text, /<script|style="|undefined|\[object/)
    const overview = await browser.open(`${world.app}/heist`)
    assert.match(read(overview), /1 of 26 tried, 1 refused as they should be/)
  })
}

test('the picture says the same in words, in the order things went over the wire', async () => {
  const page = await attempt(new Browser(), 'proof-replayed')
  const [, list = ''] = /<ol>([^]*?)<\/ol>/.exec(page.text) ?? []
  assert.deepEqual(
    [...list.matchAll(/<li>([^<]*)<\/li>/g)].map(([, sentence]) => sentence),
    [
      'Tally, the app, sends GET /accounts to the bank.',
      'The bank answers 200 OK.',
      'The thief reads along and has: access token, proof.',
      'The thief sends GET /accounts to the bank.',
      'The bank refuses: 401 dpop_replayed.',
      'Tally, the app, sends GET /accounts to the bank.',
      'The bank answers 200 OK.',
    ],
  )
  assert.equal([...page.text.matchAll(/<svg class="sequence [a-z]+" [^>]*role="img" aria-labelledby/g)].length, 2)
})

test('a refusal inside the app is seen where it happens, between the thief’s request and its answer', async () => {
  const page = await attempt(new Browser(), 'code-injected')
  const sentences = [...page.text.matchAll(/<li>([^<]*)<\/li>/g)].map(([, sentence = '']) => sentence)
  const asked = sentences.findIndex((sentence) => sentence.startsWith('The thief sends GET /callback'))
  const refused = sentences.findIndex((sentence) => sentence.includes('refuses: 400 code_not_redeemable'))
  const answered = sentences.findIndex((sentence) => sentence === 'Tally, the app, answers 303 go on there.')
  assert.ok(asked >= 0 && asked < refused && refused < answered, sentences.join('\n'))
})

test('whoever is connected robs themselves; without a connection it is somebody of the demo', async () => {
  const stranger = await attempt(new Browser(), 'token-as-bearer')
  assert.match(stranger.text, /Captured from Alice/)
  const browser = new Browser()
  const response = await interceptResponse(browser, world, await startAtApp(browser, world), demoUser)
  await browser.open(response.href)
  const page = await attempt(browser, 'token-as-bearer')
  assert.match(page.text, /Captured from your own connection/)
  assert.match(page.text, /Tally reads your accounts/)
  const home = await browser.open(world.app)
  assert.equal(headingOf(home), 'Hello, Alice Archer')
  assert.match(home.text, /href="\/heist"/)
  // The results stay when the connection goes.
  const left = await browser.submit(formOf(home, ({ action }) => action.endsWith('/disconnect')))
  assert.match(left.text, /href="\/heist"/)
  assert.match(read(await browser.open(`${world.app}/heist`)), /1 of 26 tried/)
})

test('the bag: what a thief would have, opened and explained', async () => {
  const browser = new Browser()
  const overview = await browser.open(`${world.app}/heist`)
  assert.doesNotMatch(overview.text, /eyJ/)
  const page = await browser.submit(formOf(overview, ({ action }) => action.endsWith('/heist/loot')))
  assert.equal(new URL(page.url).pathname, '/heist')
  const names = [...page.text.matchAll(/<h3 id="bag-\d+">([^<]*)</g)].map(([, name]) => name)
  assert.deepEqual(names, ['Access token', 'Proof', 'request_uri', 'Authorization code', 'Leaked address'])
  for (const claim of ['cnf', 'htu', 'ath', 'jti']) assert.match(page.text, new RegExp(`<code>${claim}</code>`))
  assert.match(page.text, /The one address this proof was made for/)
  assert.match(page.text, /urn:ietf:params:oauth:request_uri:/)
})

test('all of them, twice: the page grows until everything was tried', async () => {
  const browser = new Browser()
  const begin = await browser.open(`${world.app}/heist/all`)
  assert.doesNotMatch(begin.text, /<li>/)
  let page = begin
  for (let round = 0; round < 2; round += 1) {
    page = await browser.submit(formOf(page, ({ action }) => action.endsWith('/heist/all')))
    assert.equal([...page.text.matchAll(/<li><span class="badge good">Refused</g)].length, thefts.length)
    assert.match(read(page), /26 of 26 thefts refused as they should be; 26 of 26 honest calls went through/)
    assert.match(page.text, /class="verdict good"/)
  }
  assert.match(read(await browser.open(`${world.app}/heist`)), /26 of 26 tried, 26 refused/)
})

test('[CL-16] a theft begins only with a press of the button in this browser', async () => {
  const browser = new Browser()
  const overview = await browser.open(`${world.app}/heist`)
  for (const path of ['/heist/loot', '/heist/all', '/heist/thefts/proof-replayed']) {
    const button = formOf(overview, ({ action }) => action === `${world.app}${path}`)
    await assertOnlyItsOwn(browser, button)
  }
  const untouched = await browser.open(`${world.app}/heist`)
  assert.doesNotMatch(untouched.text, /tried,|id="bag-0"/)
  assert.match((await attempt(browser, 'proof-replayed')).text, /class="badge good"/)
})

test('names that are none lead to a page that repeats nothing of them', async () => {
  const browser = new Browser()
  const overview = await browser.open(`${world.app}/heist`)
  const real = formOf(overview, ({ action }) => action.endsWith('/thefts/proof-replayed'))
  const hostile = [
    '<script>alert(1)</script>',
    '__proto__',
    'constructor',
    '..%2f..',
    'x'.repeat(4_000),
    '%00',
    '%E0%A4%A',
  ]
  for (const id of hostile) {
    const action = `${world.app}/heist/thefts/${id.startsWith('.') || id.startsWith('%') ? id : encodeURIComponent(id)}`
    for (const page of [await browser.open(action), await browser.submit({ ...real, action })]) {
      assert.equal(page.status, 404, id)
      assert.doesNotMatch(page.text, /<script|alert\(1\)|__proto__|constructor|xxxx/)
    }
  }
  assert.equal((await browser.open(`${world.app}/heist/nothing`)).status, 404)
  assert.match((await attempt(browser, 'proof-replayed')).text, /class="badge good"/)
})

test('one theft at a time: who presses twice is told kindly, and the first one goes on', async () => {
  const browser = new Browser()
  const overview = await browser.open(`${world.app}/heist`)
  const button = formOf(overview, ({ action }) => action.endsWith('/thefts/code-twice'))
  const pages = await Promise.all([browser.submit(button), browser.submit(button), browser.submit(button)])
  const told = pages.filter(({ status }) => status === 429)
  assert.equal(told.length, 2)
  for (const page of told) {
    assert.equal(headingOf(page), 'One theft at a time')
    assert.equal(page.headers.get('retry-after'), '5')
  }
  assert.match(pages.find(({ status }) => status === 200)?.text ?? '', /class="badge good"/)
  assert.match((await attempt(browser, 'code-twice')).text, /class="badge good"/)
})

test('thieves at the same time: nobody sees what another one did', async () => {
  const pages = await Promise.all([1, 2, 3, 4].map(() => attempt(new Browser(), 'code-at-another-app')))
  const lists = pages.map(({ text }) => /<ol>([^]*?)<\/ol>/.exec(text)?.[1])
  assert.equal(new Set(lists).size, 1)
  assert.match(lists[0] ?? '', /code_not_redeemable/)
})

test('turns: two run at once, eight visitors wait at most, and every place is given back', async () => {
  const turns = new Turns()
  const visitors = Array.from({ length: 8 }, (_, index) => `visitor ${index}`)
  for (const visitor of visitors) assert.equal(turns.begin(visitor), 'begun')
  assert.equal(turns.begin('visitor 0'), 'one_at_a_time')
  assert.equal(turns.begin('visitor 8'), 'full')
  let running = 0
  let mostAtOnce = 0
  const work = async (fails: number) => {
    running += 1
    mostAtOnce = Math.max(mostAtOnce, running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    if (fails === 1) throw new Error('a theft that fails')
  }
  const ended = await Promise.allSettled(visitors.map((_, index) => turns.run(() => work(index % 3))))
  assert.equal(mostAtOnce, 2)
  assert.equal(ended.filter(({ status }) => status === 'rejected').length, 3)
  turns.end('visitor 3')
  assert.equal(turns.begin('visitor 8'), 'begun')
  assert.equal(await turns.run(() => Promise.resolve('still a place')), 'still a place')
})

test('a few visitors are remembered, the latest ones', () => {
  const visitors = new Visitors()
  for (let index = 0; index < 100; index += 1) {
    visitors.remember(`visitor ${index}`).bag = [artefactOf({ kind: 'request_uri', value: 'x', from: undefined })]
  }
  const known = Array.from({ length: 100 }, (_, index) => visitors.look(`visitor ${index}`).bag.length)
  assert.deepEqual(known.slice(0, 76), Array(76).fill(0))
  assert.deepEqual(known.slice(76), Array(24).fill(1))
})

const honestly = async (theft: Theft): Promise<Performance> =>
  perform(theft, world, () => newPerson(world), await createProver())

const pageOf = (result: Keepsake) => renderTheft({ csrf: 'csrf', theft: result.theft, result })

test('a theft that succeeds is shown as exactly that', async () => {
  const url = `${world.issuer}/.well-known/openid-configuration`
  const open: Theft = { ...theftCalled('proof-replayed'), attempt: () => send(url) }
  const performance = await honestly(open)
  assert.equal(performance.verdict, 'succeeded')
  const page = pageOf(keepsakeOf(performance, world))
  assert.match(page, /class="verdict bad" role="alert"/)
  assert.match(page, /The theft succeeded/)
  assert.match(page, /class="arrow loss dashed"/)
  assert.doesNotMatch(page, /badge good/)
  assert.equal((await honestly(theftCalled('proof-replayed'))).verdict, 'refused')
})

test('a theft that is refused by another rule is no success of ours', async () => {
  const other: Theft = { ...theftCalled('proof-replayed'), expected: 'dpop_key_mismatch' }
  const performance = await honestly(other)
  assert.equal(performance.verdict, 'otherwise')
  const page = pageOf(keepsakeOf(performance, world))
  assert.match(page, /class="verdict bad" role="alert"/)
  assert.match(page, /by <code>dpop_replayed<\/code> where <code>dpop_key_mismatch<\/code> was expected/)
})

test('a theft that could not be tried says so, and offers to try again', async () => {
  const failing = () => Promise.reject(new Error('<b>no network</b>'))
  const theft = theftCalled('proof-replayed')
  const withoutVictim = await perform(theft, world, failing, await createProver())
  const withVictim = await honestly({ ...theft, attempt: failing })
  for (const performance of [withoutVictim, withVictim]) {
    assert.equal(performance.verdict, 'untried')
    const page = pageOf(keepsakeOf(performance, world))
    assert.match(page, /class="verdict odd" role="alert"/)
    assert.match(page, /&lt;b&gt;no network/)
    assert.match(page, />Try once more</)
  }
  assert.equal(withVictim.honest.ok, true)
})

test('what is kept of a theft is little, and secrets are shortened in the exchange', async () => {
  const theft = theftCalled('code-injected')
  const performance = await honestly(theft)
  const keepsake = keepsakeOf(performance, world)
  assert.ok(performance.exchanges.length > keepsake.acts.length)
  assert.ok(JSON.stringify(keepsake.acts).length < 40_000)
  assert.ok(rowsOf(keepsake).length <= 20)
  const [, raw = ''] = /<details class="raw">([^]*)<\/details>/.exec(pageOf(keepsake)) ?? []
  assert.match(raw, /client_assertion=eyJ/)
  assert.doesNotMatch(raw, /[A-Za-z0-9_-]{60,}/)
  assert.equal(shortened('short=text'), 'short=text')
  assert.equal(shortened(`a ${'b'.repeat(50)} c`), `a ${'b'.repeat(18)}…bbbbbb c`)
})

test('what is no token is shown as it is', () => {
  for (const value of ['', '..', 'a.b.c', 'bnVsbA.bnVsbA.x', `${Buffer.from('[]').toString('base64url')}.e30.x`]) {
    assert.equal(artefactOf({ kind: 'access_token', value, from: undefined }).opened, undefined)
  }
  const token = ['{"alg":"ES256"}', '{"aud":"x"}'].map((part) => Buffer.from(part).toString('base64url')).join('.')
  assert.deepEqual(artefactOf({ kind: 'access_token', value: `${token}.s`, from: undefined }).opened?.claims, {
    aud: 'x',
  })
})
