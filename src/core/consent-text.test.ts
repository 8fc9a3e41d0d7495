import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { entriesOf, fillConsentText, mostEntries, parseConsentText, parseInstant, pathsOf } from './consent-text.ts'
import type { JsonObject } from './names.ts'

/** What is read, with ordinary spaces in place of those that keep an amount together. */
function read(template: string, element: JsonObject, language = 'en'): string {
  const runs = fillConsentText(template, element, language)
  return runs.map(({ text }) => text.replaceAll(/[\u00a0\u202f]/g, ' ')).join('')
}

const payment = {
  instructedAmount: { currency: 'EUR', amount: '120.00' },
  creditorName: 'Heating & Sons',
  executionDate: '2026-03-04',
}
const template = 'Pay {instructedAmount|money} to {creditorName}[ by {executionDate|date}]'

test('a template is filled in the language of the reader', () => {
  assert.equal(read(template, payment), 'Pay EUR 120.00 to Heating & Sons by March 4, 2026')
  assert.equal(read(template, payment, 'de-AT'), 'Pay € 120,00 to Heating & Sons by 4. März 2026'.replace('€', 'EUR'))
  assert.equal(read(template, { ...payment, executionDate: undefined }), 'Pay EUR 120.00 to Heating & Sons')
})

test('values are runs of their own, and nobody writes words of ours into one', () => {
  assert.deepEqual(fillConsentText('To {creditorName}, now', { creditorName: 'A, now {x}[b]' }, 'en'), [
    { kind: 'words', text: 'To ' },
    { kind: 'value', text: 'A, now {x}[b]' },
    { kind: 'words', text: ', now' },
  ])
  const listed = fillConsentText(
    '{accounts|list:iban,name}',
    { accounts: [{ iban: 'DE1, DE9' }, { iban: 'DE2', name: 'B' }] },
    'en',
  )
  assert.deepEqual(listed, [
    { kind: 'value', text: '"DE1, DE9"' },
    { kind: 'words', text: ', ' },
    { kind: 'value', text: 'DE2 · B' },
  ])
})

test('no value passes for the one that stands beside it', () => {
  const accounts = [
    { iban: 'DE1 · Savings', name: 'B' },
    { name: 'DE02' },
    { iban: 'DE02 · Savings' },
    { iban: '—', name: 'DE02' },
    { iban: 'DE3', name: '"B", iban: DE9' },
  ]
  const written = ['"DE1 · Savings" · B', '— · DE02', '"DE02 · Savings"', '"—" · DE02', 'DE3 · "\\"B\\", iban: DE9"']
  assert.deepEqual(entriesOf(['{a|list:iban,name}'], { a: accounts }, 'a'), written)
  const creditor = { name: 'Bob, iban: DE02', iban: 'DE99' }
  assert.equal(read('{c}', { c: creditor }), 'name: "Bob, iban: DE02", iban: DE99')
  assert.equal(read('{c}', { c: ['a, b', 'c'] }), '"a, b", c')
  assert.equal(read('{c}', { c: { name: 'B", iban: "DE02' } }), 'name: "B\\", iban: \\"DE02"')
  assert.equal(
    read('{c|money}', { c: { currency: 'EUR', amount: '1, amount: 2' } }),
    'currency: EUR, amount: "1, amount: 2"',
  )
  // On its own nothing stands beside it.
  assert.equal(read('{c}', { c: 'Bob, of the Bobs' }), 'Bob, of the Bobs')
})

test('what nobody can see is marked, and what scripts are written with is not', () => {
  for (const hidden of ['\u115f', '\u1160', '\u3164', '\uffa0', '\u034f', '\u2065', '\u{e0fff}', '\u200d', '\u200c']) {
    assert.equal(read('{x}', { x: `DE${hidden}02` }), 'DE\ufffd02', hidden.codePointAt(0)?.toString(16))
    assert.equal(read('{x}', { x: hidden }), '\ufffd')
  }
  assert.equal(read('{x}', { x: 'می\u200c\u200dخ' }), 'می\u200c\ufffdخ')
  assert.equal(read('{x}', { x: '\u2800 \u2800' }), '"\u2800 \u2800"')
  for (const honest of [
    'Bücher & Söhne',
    'می\u200cخواهم',
    '銀行',
    '葛\u{e0100}城',
    '👩\u200d💻',
    '❤\ufe0f\u200d🔥',
    '한국',
    'ක්\u200dෂ',
  ]) {
    assert.equal(read('{x}', { x: honest }), honest)
  }
})

test('amounts are never rounded, and never taken for something else', () => {
  const amount = (value: unknown, currency: unknown = 'EUR') =>
    read('{a|money}', { a: { currency, amount: value } }, 'de')
  assert.equal(amount('1230.005'), '1.230,005 EUR')
  assert.equal(amount('0.00000000000000000001'), '0,00000000000000000001 EUR')
  assert.equal(amount('123456789012345678901234567890.12'), '123.456.789.012.345.678.901.234.567.890,12 EUR')
  assert.equal(amount('7', 'JPY'), '7 JPY')
  assert.equal(amount('7'), '7,00 EUR')
  assert.equal(amount(7.5), '7,50 EUR')
  for (const odd of [
    '1e9',
    '1.',
    '.5',
    '1,50',
    '0x10',
    ' 1',
    '',
    'NaN',
    'Infinity',
    '١٢',
    true,
    null,
    undefined,
    ['1'],
  ]) {
    assert.match(amount(odd), /^currency: EUR(, amount: .+)?$/, JSON.stringify(odd))
  }
  assert.match(amount('1', 'eur'), /^currency: eur, amount: 1$/)
  assert.equal(read('{a|money}', { a: '12' }), '12')
})

test('dates are days and instants in UTC, or are read as they were written', () => {
  const on = (value: unknown) => read('{d|date}', { d: value }, 'de')
  assert.equal(on('2024-02-29'), '29. Februar 2024')
  assert.equal(on('2026-03-04T01:30:00+02:00'), '3. März 2026 um 23:30:00 UTC')
  for (const odd of [
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-04-31',
    '2026-03-04T24:00:00Z',
    '2026-03-04T10:00:00',
    '4.3.2026',
    'x',
    '2026-03-04 ',
  ])
    assert.equal(on(odd), odd)
  assert.equal(on(7), '7')
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
      const seconds = Math.floor(date.getTime() / 1000)
      assert.deepEqual(parseInstant(date.toISOString()), { is: 'date-time', seconds })
    }),
  )
})

test('whatever stands at a path is readable: never nothing, never [object Object]', () => {
  assert.equal(read('{x}', {}), '—')
  assert.equal(read('{x.y.z}', { x: { y: 'z' } }), '—')
  assert.equal(read('{x}', { x: ' ' }), '" "')
  assert.equal(read('{x|list}', { x: [] }), '—')
  assert.equal(read('{x}', { x: { a: { b: [1, { c: null }] }, d: false } }), 'a: b: 1, c: —, d: false')
  assert.equal(read('{x|list:y}', { x: [{ z: 1 }, 'w'] }), 'z: 1, w')
  assert.equal(read('{constructor}{__proto__}{x.length}', { x: 'abc' }), '———')
  assert.equal(read('{x}', { x: 'a\u202eb\u0000c\u200bd\ud800e' }), 'a\ufffdb\ufffdc\ufffdd\ufffde')
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('text', 'money', 'date', 'list', 'list:a'), (value, format) => {
      const text = read(`{x|${format}}`, { x: value }, 'de')
      assert.ok(text.length > 0)
      assert.equal(text.includes('[object Object]') && !JSON.stringify(value).includes('[object Object]'), false)
      assert.doesNotMatch(text, /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u)
    }),
  )
})

test('a long list says how many more there are', () => {
  const list = Array.from({ length: mostEntries + 12 }, (_, index) => `DE${index}`)
  for (const format of ['list', 'text']) {
    const text = read(`{x|${format}}`, { x: list })
    assert.match(text, / … \(\+12\)$/)
    assert.equal(text.includes('DE50'), false)
  }
})

test('a part in square brackets is there when all its paths are', () => {
  const text = '{a}[ and {b} with {c}].'
  assert.equal(read(text, { a: 1, b: 2, c: 3 }), '1 and 2 with 3.')
  assert.equal(read(text, { a: 1, b: 2 }), '1.')
  assert.equal(read('x[ {b}]', { b: null }), 'x —')
  assert.deepEqual(pathsOf(text), ['a', 'b', 'c'])
  assert.deepEqual(pathsOf(text, 'whenever_there'), ['a'])
})

test('what a template shows', () => {
  assert.deepEqual(pathsOf('{a|money} {b.c} {d|list} {e.f|list:g,h.i} {b.c}'), [
    'a.currency',
    'a.amount',
    'b.c',
    'd[]',
    'e.f[].g',
    'e.f[].h.i',
  ])
  assert.deepEqual(entriesOf(['{x}', '{a|list:iban}'], { a: [{ iban: 'DE1', name: 'A' }, 'B'] }, 'a'), ['DE1', 'B'])
  assert.deepEqual(entriesOf(['{x}'], { a: [{ iban: 'DE1' }] }, 'a'), ['iban: DE1'])
  assert.deepEqual(entriesOf(['{x}'], { a: 'DE1' }, 'a'), [])
})

test('a backslash makes a character an ordinary one', () => {
  assert.equal(read('\\{a\\} \\[b\\] \\\\ {c}', { c: 1 }), '{a} [b] \\ 1')
})

test('what is no template is refused with a sentence', () => {
  for (const [bad, sentence] of [
    ['{', 'a "{" that is not one of a pair (write "\\{" for the character itself)'],
    ['a}', 'a "}" that is not one of a pair (write "\\}" for the character itself)'],
    ['[x', 'a "[" without its "]" (write "\\[" for the character itself)'],
    ['x]', 'a "]" without its "[" (write "\\]" for the character itself)'],
    ['[ words ]', 'a part in square brackets names at least one path'],
    ['[{a}[{b}]]', 'square brackets do not nest'],
    ['{a|b}', '"b" is no format: there are text, money, date, list'],
    ['{a|money:x}', 'the format "money" takes nothing after a colon'],
    ['{a|list:x:y}', '"{a|list:x:y}" has more than a path and a format'],
    ['{a|text|x}', '"{a|text|x}" has more than a path and a format'],
    ['{}', '"" is no path of member names with dots between them'],
    ['{a..b}', '"a..b" is no path of member names with dots between them'],
    ['{a b}', '"a b" is no path of member names with dots between them'],
    ['{a|list:}', '"" is no path of member names with dots between them'],
    ['\\n', 'a backslash stands before a brace, a bracket or a backslash only'],
    ['x'.repeat(2001), 'a text has at most 2000 characters'],
  ] as const) {
    assert.throws(() => parseConsentText(bad), { name: 'SyntaxError', message: sentence }, bad)
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '\\', '|', ':', 'a', '.', ' ') }), (text) => {
      try {
        parseConsentText(text)
      } catch (error) {
        assert.ok(error instanceof SyntaxError)
      }
    }),
  )
})

test('a language nobody knows is read as English, and no tag changes the digits', () => {
  assert.equal(read('{a|money}', { a: payment.instructedAmount }, 'not a language'), 'EUR 120.00')
  assert.equal(read('{a|money}', { a: payment.instructedAmount }, 'en-u-nu-thai'), 'EUR 120.00')
})
