import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { script } from './script.ts'

const base64url = (text: string) => Buffer.from(text).toString('base64url')
const bufferOf = (text: string) => new Uint8Array(Buffer.from(text)).buffer

const answer = {
  id: 'aWQ',
  rawId: bufferOf('id'),
  type: 'public-key',
  authenticatorAttachment: null,
  response: { clientDataJSON: bufferOf('{}??>'), signature: bufferOf('s'), userHandle: null },
  getClientExtensionResults: () => ({}),
}

/** A page with one form, as the script sees it. */
function aPage(kind: 'get' | 'create', options: object) {
  let submit: (event: object) => Promise<void> = async () => assert.fail('nobody listens')
  const failure = { hidden: true }
  const credential = { value: '' }
  const needs = { hidden: true }
  const without = { hidden: false }
  const page = { failure, credential, needs, without, prevented: 0, submitted: 0, asked: Array<unknown>() }
  const form = {
    dataset: { passkey: kind, options: JSON.stringify(options) },
    elements: { credential },
    querySelector: () => failure,
    addEventListener: (_: string, listener: typeof submit) => (submit = listener),
    submit: () => (page.submitted += 1),
  }
  const found: Readonly<Record<string, object[]>> = {
    'form[data-passkey]': [form],
    '[data-needs-script]': [needs],
    '[data-without-script]': [without],
  }
  const run = (PublicKeyCredential: unknown, ask: (options: unknown) => unknown) => {
    const navigator = {
      credentials: {
        [kind]: async (given: unknown) => {
          page.asked.push(given)
          return ask(given)
        },
      },
    }
    const document = { querySelectorAll: (selector: string) => found[selector] ?? assert.fail(selector) }
    runInNewContext(script, { window: { PublicKeyCredential }, navigator, document, atob, btoa, Uint8Array, JSON })
  }
  const press = () => submit({ preventDefault: () => (page.prevented += 1) })
  return { page, run, press }
}

const modern = {
  parseRequestOptionsFromJSON: (json: object) => ({ parsed: json }),
  parseCreationOptionsFromJSON: (json: object) => ({ created: json }),
}

test('the script is small, strict, and makes no text into code or markup', () => {
  assert.ok(Buffer.byteLength(script) < 3000, String(Buffer.byteLength(script)))
  assert.match(script, /^\(\(\) => \{\n'use strict'\n/)
  assert.doesNotMatch(
    script,
    /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|<\/?script|fetch\(|import\b|https?:/,
  )
})

test('the answer of the authenticator is posted by the form', async () => {
  for (const [kind, parsed] of [
    ['get', 'parsed'],
    ['create', 'created'],
  ] as const) {
    const { page, run, press } = aPage(kind, { challenge: 'AAEC' })
    run(modern, () => ({ toJSON: () => ({ id: 'aWQ' }) }))
    assert.deepEqual([page.needs.hidden, page.without.hidden], [false, true])
    await press()
    assert.equal(JSON.stringify(page.asked), JSON.stringify([{ publicKey: { [parsed]: { challenge: 'AAEC' } } }]))
    assert.deepEqual([page.credential.value, page.submitted, page.prevented], ['{"id":"aWQ"}', 1, 1])
    assert.equal(page.failure.hidden, true)
  }
})

test('browsers without the JSON functions get the same bytes, and give the same JSON', async () => {
  const options = {
    challenge: base64url('challenge>?'),
    user: { id: base64url('u'), name: 'alice' },
    excludeCredentials: [{ type: 'public-key', id: base64url('old') }],
  }
  const { page, run, press } = aPage('create', options)
  run({}, () => answer)
  await press()
  const [asked] = page.asked as {
    publicKey: { challenge: Uint8Array; user: { id: Uint8Array }; excludeCredentials: { id: Uint8Array }[] }
  }[]
  assert.equal(Buffer.from(asked?.publicKey.challenge ?? []).toString(), 'challenge>?')
  assert.equal(Buffer.from(asked?.publicKey.user.id ?? []).toString(), 'u')
  assert.equal(Buffer.from(asked?.publicKey.excludeCredentials[0]?.id ?? []).toString(), 'old')
  assert.deepEqual(JSON.parse(page.credential.value), {
    id: 'aWQ',
    rawId: base64url('id'),
    type: 'public-key',
    clientExtensionResults: {},
    response: { clientDataJSON: base64url('{}??>'), signature: base64url('s') },
  })
})

test('a password manager whose answer cannot be written as JSON is written out', async () => {
  const { page, run, press } = aPage('get', { challenge: 'AAEC' })
  run(modern, () => ({
    ...answer,
    toJSON: () => {
      throw new TypeError('Illegal invocation')
    },
  }))
  await press()
  assert.equal(JSON.parse(page.credential.value).id, 'aWQ')
  assert.equal(page.submitted, 1)
})

test('what fails is said kindly, and can be tried again', async () => {
  const { page, run, press } = aPage('get', { challenge: 'AAEC' })
  let tries = 0
  run(modern, () => {
    tries += 1
    if (tries === 1) throw new Error('NotAllowedError')
    assert.equal(page.failure.hidden, true)
    return { toJSON: () => ({}) }
  })
  await press()
  assert.deepEqual([page.failure.hidden, page.submitted, page.credential.value], [false, 0, ''])
  await press()
  assert.deepEqual([page.failure.hidden, page.submitted], [true, 1])
})

test('who presses twice is asked once', async () => {
  const { page, run, press } = aPage('get', { challenge: 'AAEC' })
  run(modern, () => ({ toJSON: () => ({}) }))
  await Promise.all([press(), press()])
  assert.deepEqual([page.asked.length, page.submitted, page.prevented], [1, 1, 2])
})

test('a browser that knows no passkeys shows no way to use one', () => {
  const { page, run } = aPage('get', { challenge: 'AAEC' })
  run(undefined, () => assert.fail())
  assert.deepEqual([page.needs.hidden, page.without.hidden], [true, false])
})
