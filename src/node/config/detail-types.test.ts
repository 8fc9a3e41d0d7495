import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JsonObject } from '../../core/names.ts'
import { type Config, ConfigError, loadConfig } from './index.ts'

const file = join(mkdtempSync(join(tmpdir(), 'strongroom-types-')), 'strongroom.yaml')

/** What becomes of a configuration: it, or what is wrong with it. */
function checkConfigText(content: string): { readonly config: Config } | { readonly lines: readonly string[] } {
  writeFileSync(file, content)
  try {
    return { config: loadConfig({ file, env: {}, flags: {} }) }
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return { lines: error.lines }
  }
}

const object = (properties: JsonObject, more: JsonObject = {}) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
})
const text = { type: 'string', maxLength: 70 }
const decimal = { type: 'string', pattern: '^\\d{1,9}(\\.\\d{1,2})?$' }

const payment = {
  type: 'payment',
  schema: object({
    amount: object({ currency: { type: 'string' }, amount: decimal }),
    to: text,
    on: { type: 'string', format: 'date' },
    accounts: { type: 'array', items: object({ iban: text, bic: text }) },
  }),
  consent: {
    title: 'Payment',
    text: '{amount|money} to {to}[ on {on|date}] {accounts|list:iban}',
    notShown: ['accounts[].bic'],
  },
  choosable: ['accounts'],
  atMost: ['amount.amount'],
}

/** Every problem of one type, without where it stands. */
function problems(changes: JsonObject): readonly string[] {
  return problemsOf([{ ...payment, ...changes }])
}

function problemsOf(...types: readonly (readonly JsonObject[])[]): readonly string[] {
  const apis = types.map((authorizationDetails, index) => ({
    resource: `http://127.0.0.1:44${10 + index}`,
    name: 'Bank',
    scopes: [{ name: `s${index}`, description: 'x' }],
    authorizationDetails,
  }))
  const checked = checkConfigText(JSON.stringify({ issuer: 'http://127.0.0.1:4400', store: { kind: 'memory' }, apis }))
  return 'lines' in checked
    ? checked.lines.map((line) => line.replace(/^apis\[0\]\.authorizationDetails\[0\]\./, ''))
    : []
}

const consent = (changes: JsonObject) => ({ consent: { ...payment.consent, ...changes } })
const schema = (changes: JsonObject) => ({ schema: { ...payment.schema, ...changes } })
const member = (name: string, value: unknown) => schema({ properties: { ...payment.schema.properties, [name]: value } })

test('what judges elements is loaded where a type is declared, and nowhere else', () => {
  const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/ajv/'))
  const apis = [{ resource: 'http://127.0.0.1:4410', name: 'Bank', scopes: [{ name: 's', description: 'x' }] }]
  const checked = checkConfigText(JSON.stringify({ issuer: 'http://127.0.0.1:4400', store: { kind: 'memory' }, apis }))
  assert.ok('config' in checked)
  assert.deepEqual(checked.config.server.apis[0]?.detailTypes, [])
  assert.equal(isLoaded(), false)
  assert.deepEqual(problems({}), [])
  assert.equal(isLoaded(), true)
})

test('a type is read, and judges elements', () => {
  assert.deepEqual(problems({}), [])
  const apis = [
    {
      resource: 'https://bank.example',
      name: 'Bank',
      scopes: [{ name: 's', description: { en: 'x', de: 'y' } }],
      authorizationDetails: [payment],
    },
  ]
  const checked = checkConfigText(JSON.stringify({ issuer: 'https://as.example', store: { kind: 'memory' }, apis }))
  assert.ok('config' in checked)
  const [type] = checked.config.server.apis[0]?.detailTypes ?? []
  assert.ok(type !== undefined)
  const { misfit, ...rest } = type
  assert.deepEqual(rest, {
    type: 'payment',
    resource: 'https://bank.example',
    consent: { title: 'Payment', text: payment.consent.text },
    choosable: ['accounts'],
    atMost: ['amount.amount'],
  })
  assert.equal(misfit({ type: 'payment', to: 'x', on: '2026-03-04' }), undefined)
  assert.equal(misfit({ type: 'payment', more: 1 }), '/more')
  assert.equal(misfit({ type: 'payment', 'a/b': 1 }), '', 'a name that anybody may have written is not repeated')
  assert.equal(misfit({ type: 'payment', amount: { currency: 'EUR', amount: '1.234' } }), '/amount/amount')
  assert.equal(misfit({ type: 'payment', on: '2026-02-30' }), '/on')
  assert.equal(misfit({ type: 'payment', accounts: [{ iban: 'a' }, { iban: 1 }] }), '/accounts/1/iban')
})

test('a schema may name the type, as what it is', () => {
  const named = (type: unknown) =>
    schema({ properties: { type, ...payment.schema.properties }, required: ['type', 'to'] })
  assert.deepEqual(problems(named({ const: 'payment' })), [])
  assert.deepEqual(problems(named({ type: 'string' })), ['schema: type: must be const: payment, or left out'])
})

const faults: Readonly<Record<string, readonly [changes: JsonObject, ...lines: readonly string[]]>> = {
  'no title': [consent({ title: undefined }), 'consent.title: is missing'],
  'no text': [consent({ text: undefined }), 'consent.text: is missing'],
  'no consent': [{ consent: undefined }, 'consent: is missing'],
  'an empty text': [consent({ text: ' ' }), 'consent.text: must have 1 to 1000 characters'],
  'a language in one of the two only': [
    consent({ title: { en: 'Payment', de: 'Zahlung' } }),
    'consent: title and text must be there in the same languages',
  ],
  'a text in one language that shows less': [
    consent({
      title: { en: 'x', de: 'x' },
      text: { en: payment.consent.text, de: '{amount|money} {accounts|list:iban}' },
    }),
    'consent.text.de: must show to, or consent.notShown must list it',
    'consent.text.de: must show on, or consent.notShown must list it',
  ],
  'a schema of something else': [schema({ type: 'array' }), 'schema: must be of type: object'],
  'a schema without a type': [schema({ type: undefined }), 'schema: must be of type: object'],
  'room for more members': [
    schema({ additionalProperties: undefined }),
    'schema: needs additionalProperties: false (or unevaluatedProperties: false)',
  ],
  'room for more members further in': [
    member('accounts', { type: 'array', items: { type: 'object', properties: { iban: text, bic: text } } }),
    'schema: accounts[]: needs additionalProperties: false (or unevaluatedProperties: false)',
  ],
  'names that are patterns': [
    schema({ patternProperties: { '^x': text } }),
    'schema: must not have patternProperties: the names of members must be known',
  ],
  'a member of any kind': [
    member('to', true),
    'schema: to: needs a schema with a type: whatever is allowed must be known',
  ],
  'a member without a type': [
    member('to', { maxLength: 3 }),
    'schema: to: needs one type: object, array, or one of a simple value',
  ],
  'a member of two shapes': [
    member('to', { type: ['string', 'object'] }),
    'schema: to: needs one type: object, array, or one of a simple value',
  ],
  'a list of anything': [
    member('accounts', { type: 'array' }),
    'schema: accounts: needs items: whatever may stand in the list must be known',
  ],
  'a list of objects that are listed': [
    member('to', { enum: [{ a: 1 }] }),
    'schema: to: needs one type: object, array, or one of a simple value',
  ],
  'a reference to elsewhere': [
    member('to', { $ref: 'https://evil.example/schema' }),
    'schema: to: has a $ref that is not of the form #/$defs/name, or leads nowhere',
  ],
  'a reference to nowhere': [
    member('to', { $ref: '#/$defs/text' }),
    'schema: to: has a $ref that is not of the form #/$defs/name, or leads nowhere',
  ],
  'something no text shows': [member('more', text), 'consent.text: must show more, or consent.notShown must list it'],
  'something further in that no text shows': [
    consent({ notShown: [] }),
    'consent.text: must show accounts[].bic, or consent.notShown must list it',
  ],
  'an amount without its currency': [
    consent({ text: '{amount.amount} {to} {on} {accounts|list:iban}' }),
    'consent.text: must show amount.currency, or consent.notShown must list it',
  ],
  'something that is hidden when something else is absent': [
    consent({ text: '{amount|money} to {to}[ on {on|date}: {accounts|list:iban}]' }),
    'consent.text: must show on even when other paths are absent, or consent.notShown must list it',
    'consent.text: must show accounts[].iban even when other paths are absent, or consent.notShown must list it',
  ],
  'a path that is not there': [
    consent({ text: `${payment.consent.text} {creditor}` }),
    'consent.text: names creditor, which the schema does not have',
  ],
  'a path that need not be shown and is not there': [
    consent({ notShown: ['accounts[].bic', 'creditor'] }),
    'consent.notShown: the schema has no creditor',
  ],
  'an amount that is none': [
    consent({ text: `${payment.consent.text} {to|money}` }),
    'consent.text: names to.currency, which the schema does not have',
  ],
  'a date that is none': [
    consent({ text: `${payment.consent.text} {to|date}` }),
    'consent.text: writes to as a date, which is no text with format: date or date-time',
  ],
  'a date that is none, in one language and in brackets': [
    consent({
      title: { en: 'x', de: 'x' },
      text: { en: payment.consent.text, de: `${payment.consent.text}[ ({amount|date})]` },
    }),
    'consent.text.de: writes amount as a date, which is no text with format: date or date-time',
  ],
  'a format nobody knows': [
    consent({ text: '{to|html}' }),
    'consent.text: "html" is no format: there are text, money, date, list',
  ],
  'a choice among no list': [{ choosable: ['to'] }, 'choosable: to is no member of the element that holds a list'],
  'a choice further in': [
    { choosable: ['accounts[].iban'] },
    'choosable: accounts[].iban is no member of the element that holds a list',
  ],
  'a most of a name': [{ atMost: ['to'] }, 'atMost: to is no number, and no text with a pattern of decimals'],
  'a most of nothing': [{ atMost: ['sum'] }, 'atMost: sum is no number, and no text with a pattern of decimals'],
  'a most inside a list': [
    { atMost: ['accounts[].iban'] },
    'atMost: accounts[].iban is no number, and no text with a pattern of decimals',
  ],
  'a key nobody knows': [{ chooseable: [] }, 'chooseable: is not a key here: did you mean "choosable"?'],
  'a type that is no name': [
    { type: 'a payment' },
    'type: must be visible ASCII without spaces, quotes and backslashes',
  ],
}

for (const [fault, [changes, ...lines]] of Object.entries(faults)) {
  test(`the server does not start with ${fault}`, () => assert.deepEqual(problems(changes), lines))
}

test('words alone are approved by nobody, whatever need not be shown', () => {
  const notShown = ['amount', 'amount.currency', 'amount.amount', 'to', 'on', 'accounts[].iban', 'accounts[].bic']
  const line = 'must show at least one value whenever it is there, whatever consent.notShown lists'
  assert.deepEqual(problems(consent({ text: 'Pay', notShown })), [`consent.text: ${line}`])
  assert.deepEqual(problems(consent({ text: 'Pay[ to {to} on {on|date}]', notShown })), [`consent.text: ${line}`])
  assert.deepEqual(
    problems(consent({ title: { en: 'x', de: 'x' }, text: { en: 'Pay {to}', de: 'Zahlen' }, notShown })),
    [`consent.text.de: ${line}`],
  )
  for (const shown of ['{to}', '[{to}]', '{amount|money}', '{amount}', '{accounts|list:bic}']) {
    assert.deepEqual(problems(consent({ text: `Pay ${shown}`, notShown })), [], shown)
  }
  const bare = { schema: object({}), consent: { title: 'x', text: 'See it' }, choosable: [], atMost: [] }
  assert.deepEqual(problems(bare), [], 'there is nothing to show')
})

test('a date is written of what is a date or an instant wherever it may stand', () => {
  const on = (...schemas: readonly JsonObject[]) => {
    const anyOf = schemas.map((one) => ({ properties: { on: one } }))
    const { on: _, ...properties } = payment.schema.properties
    const { additionalProperties: _closed, ...rest } = payment.schema
    return problems({ schema: { ...rest, properties, unevaluatedProperties: false, anyOf } })
  }
  const [date, instant] = [
    { type: 'string', format: 'date' },
    { type: 'string', format: 'date-time' },
  ]
  const line = 'consent.text: writes on as a date, which is no text with format: date or date-time'
  assert.deepEqual(on(date, instant), [])
  assert.deepEqual(on(date, text), [line])
  assert.deepEqual(on({ type: 'integer' }), [line])
})

test('a schema that Ajv refuses is said with its reason', () => {
  for (const [name, value, reason] of [
    ['to', { type: 'string', format: 'uuid' }, /unknown format "uuid"/],
    ['to', { type: 'string', maxLenght: 3 }, /unknown keyword: "maxLenght"/],
    ['to', { type: 'string', pattern: '(' }, /./],
    ['to', { type: 'string', minLength: -1 }, /./],
  ] as const) {
    const [line = '', ...more] = problems(member(name, value))
    assert.match(line, /^schema: is no JSON Schema that can be used: /)
    assert.match(line, reason)
    assert.deepEqual(more, [])
  }
})

test('what is defined once may be used twice, and nothing without end', () => {
  const defs = { account: object({ iban: text, bic: text }) }
  const twice = { ...payment.schema.properties, accounts: { type: 'array', items: { $ref: '#/$defs/account' } } }
  assert.deepEqual(problems(schema({ $defs: defs, properties: twice })), [])
  const endless = { node: object({ next: { $ref: '#/$defs/node' } }) }
  const [line] = problems(schema({ $defs: endless, properties: { ...twice, accounts: { $ref: '#/$defs/node' } } }))
  assert.match(line ?? '', /nests too deeply, or without end$/)
})

test('unevaluatedProperties lets pass what any part of a schema names, so all of it must be shown', () => {
  const { additionalProperties: _, ...open } = payment.schema
  const parts = {
    ...open,
    unevaluatedProperties: false,
    anyOf: [{ properties: { more: text } }, { $ref: '#/$defs/other' }],
    $defs: { other: { type: 'object', properties: { most: text } } },
  }
  assert.deepEqual(problems({ schema: parts }), [
    'consent.text: must show more, or consent.notShown must list it',
    'consent.text: must show most, or consent.notShown must list it',
  ])
})

const { additionalProperties: _closed, ...openSchema } = payment.schema
const unevaluated = (changes: JsonObject) => ({ schema: { ...openSchema, unevaluatedProperties: false, ...changes } })
const nested = (levels: number): JsonObject =>
  levels === 0 ? { properties: { deep: text } } : { allOf: [nested(levels - 1)] }

const open: Readonly<Record<string, JsonObject>> = {
  'additionalProperties beside unevaluatedProperties': { additionalProperties: true },
  'additionalProperties in a part': { allOf: [{ additionalProperties: text }] },
  'additionalProperties in a condition': { if: { additionalProperties: {} } },
  'unevaluatedProperties in a part': { anyOf: [{ unevaluatedProperties: true }] },
  'patternProperties in a part': { oneOf: [{ patternProperties: { '^x': text } }] },
  'additionalProperties behind a $ref': {
    allOf: [{ $ref: '#/$defs/open' }],
    $defs: { open: { additionalProperties: text } },
  },
  'a $ref to somewhere else': { allOf: [{ $ref: '#/properties/amount' }] },
  'a $dynamicRef': {
    allOf: [{ $dynamicRef: '#open' }],
    $defs: { open: { $dynamicAnchor: 'open', properties: { x: text } } },
  },
  'a part that is another document': { allOf: [{ $id: 'https://other.example/x', properties: { x: text } }] },
  'parts within parts without end': nested(20),
}

for (const [fault, changes] of Object.entries(open)) {
  test(`no part of a schema leaves room for members nobody named: ${fault}`, () => {
    const lines = problems(unevaluated(changes))
    assert.match(lines[0] ?? '', /^schema: (must have|must not have|has a \$ref|nests too deeply)/)
    assert.deepEqual(
      problems(unevaluated({ allOf: [{ additionalProperties: false, properties: payment.schema.properties }] })),
      [],
    )
  })
}

test('a place that is another document may read its $ref there, and is refused', () => {
  const other = { $id: 'https://other.example/x', ...object({ iban: text }) }
  assert.match(problems(member('to', other))[0] ?? '', /^schema: to: must not have \$id or \$dynamicRef/)
})

test('a schema that is judged later would judge nothing', () => {
  for (const value of [true, false]) {
    assert.deepEqual(problems(schema({ $async: value })), [
      'schema: is no JSON Schema that can be used: $async is not a keyword of JSON Schema',
    ])
  }
  const inside = problems(
    schema({ $defs: { later: { $async: true, ...text } }, properties: { to: { $ref: '#/$defs/later' } } }),
  )
  assert.ok(
    inside.some((line) => line.startsWith('schema: is no JSON Schema that can be used')),
    JSON.stringify(inside),
  )
})

test('a type belongs to one API', () => {
  assert.deepEqual(problemsOf([payment], [payment]), [
    'apis[1].authorizationDetails[0].type: stands at apis[0].authorizationDetails[0].type already',
  ])
  assert.deepEqual(problemsOf([payment, payment]), [
    'apis[0].authorizationDetails[1].type: stands at apis[0].authorizationDetails[0].type already',
  ])
})

test('the example of docs/server.md loads', () => {
  const page = readFileSync(new URL('../../../docs/server.md', import.meta.url), 'utf8')
  const [, example] =
    /^```yaml\n(apis:\n(?:(?!```).*\n)*? +authorizationDetails:\n(?:(?!```).*\n)*)```$/m.exec(page) ?? []
  const checked = checkConfigText(`issuer: https://as.example\nstore: { kind: memory }\n${example ?? assert.fail()}`)
  assert.ok('config' in checked, JSON.stringify(checked))
  const [payments, balances] = checked.config.server.apis[0]?.detailTypes ?? []
  const payment = {
    type: 'payment_initiation',
    instructedAmount: { currency: 'EUR', amount: '120.00' },
    creditorName: 'Heating & Sons',
    creditorAccount: { iban: 'DE02100100109307118603' },
  }
  assert.equal(payments?.misfit(payment), undefined)
  assert.equal(balances?.misfit({ type: 'account_information', accounts: [{ iban: 'DE02' }] }), '/accounts/0/iban')
})
