import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DistinguishedName } from './certificate.ts'
import { directoryString, formatDistinguishedName, isSameName, parseDistinguishedName } from './distinguished-name.ts'

const cn = '2.5.4.3'
const o = '2.5.4.10'
const parse = parseDistinguishedName
const same = (one: string, other: string) => isSameName(parse(one), parse(other))

test('a text is read into the order of the certificate, which is the reverse', () => {
  assert.deepEqual(parse('CN=app,OU=a+2.5.4.10=b,C=BR'), [
    [{ type: '2.5.4.6', value: 'BR' }],
    [
      { type: '2.5.4.11', value: 'a' },
      { type: o, value: 'b' },
    ],
    [{ type: cn, value: 'app' }],
  ])
})

test('every way RFC 4514 writes a value is read', () => {
  for (const [text, value] of [
    ['CN=James \\"Jim\\" Smith\\, III', 'James "Jim" Smith, III'],
    ['CN=Before\\0dAfter', 'Before\rAfter'],
    ['CN=Lu\\C4\\8Di\\C4\\87', 'Lučić'],
    ['CN=Lučić', 'Lučić'],
    ['CN=#0c024869', 'Hi'],
    ['CN=#1302486a', 'Hj'],
    ['CN=#1e0400480069', 'Hi'],
    [`CN=#0c8180${'61'.repeat(128)}`, 'a'.repeat(128)],
    ['CN=\\#1', '#1'],
    ['CN=a#b=c', 'a#b=c'],
    ['CN=\\ a b\\ ', ' a b '],
    ['CN=\\ ', ' '],
    ['CN=a\\\\', 'a\\'],
    ['CN=', ''],
    ['commonname=a', 'a'],
    ['2.5.4.3=a', 'a'],
  ] as const) {
    assert.deepEqual(parse(text), [[{ type: cn, value }]], text)
  }
})

test('every short name has its type', () => {
  for (const [name, type] of [
    ['organizationIdentifier', '2.5.4.97'],
    ['ORGANIZATIONIDENTIFIER', '2.5.4.97'],
    ['businessCategory', '2.5.4.15'],
    ['jurisdictionCountryName', '1.3.6.1.4.1.311.60.2.1.3'],
    ['serialNumber', '2.5.4.5'],
    ['SN', '2.5.4.4'],
    ['GN', '2.5.4.42'],
    ['UID', '0.9.2342.19200300.100.1.1'],
    ['DC', '0.9.2342.19200300.100.1.25'],
    ['emailAddress', '1.2.840.113549.1.9.1'],
    ['STREET', '2.5.4.9'],
  ] as const) {
    assert.deepEqual(parse(`${name}=x`), [[{ type, value: 'x' }]])
  }
})

test('what is no name is a SyntaxError', () => {
  for (const text of [
    '',
    'CN',
    'CN=a,',
    ',CN=a',
    'CN=a, O=b',
    'CN= a',
    'CN=a ',
    'CN=a ,O=b',
    'CN =a',
    'CN=a;O=b',
    'CN="a"',
    'CN=a"',
    'CN=<a>',
    'CN=a\0',
    'CN=a\\',
    'CN=a\\x',
    'CN=a\\4',
    'CN=\\ff',
    'CN=\\c3(',
    'CN=\ud800',
    'CN=#',
    'CN=#0',
    'CN=#0c',
    'CN=#0c0248',
    'CN=#0c02486900',
    'CN=#0c8102' + '4869',
    'CN=#0c80486900',
    'CN=#020101',
    'CN=#0c024869x',
    'CN=#13024869\\20',
    'nickname=a',
    '3.5.4.3=a',
    '2.05.4.3=a',
    '2=a',
    '2.5.4.3.=a',
    'CN=a+',
    `CN=${'a'.repeat(4096)}`,
  ]) {
    assert.throws(() => parse(text), SyntaxError, text)
  }
  assert.deepEqual(parse('CN=a'), [[{ type: cn, value: 'a' }]])
})

const value = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text.isWellFormed())
const oid = fc
  .tuple(fc.constantFrom(0, 1, 2), fc.array(fc.nat(100_000), { minLength: 1, maxLength: 6 }))
  .map(([first, rest]) => [first, ...rest].join('.'))
const attribute = fc.record(
  { type: fc.oneof(fc.constantFrom(cn, o, '2.5.4.97', '2.5.4.5'), oid), value },
  { noNullPrototype: true },
)
const name: fc.Arbitrary<DistinguishedName> = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 5,
})

test('property: what is written is read again', () => {
  fc.assert(fc.property(name, (given) => assert.deepEqual(parse(formatDistinguishedName(given)), given)))
})

test('property: every text is a name or a SyntaxError, and every byte may be a hex pair', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from('CNO=,+\\#0c1 "a;<\u{1f600}\ud800')), maxLength: 30 }),
      (text) => {
        try {
          parse(text)
        } catch (error) {
          assert.ok(error instanceof SyntaxError, String(error))
        }
      },
    ),
  )
  fc.assert(
    fc.property(value, (text) => {
      const pairs = [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
      assert.deepEqual(parse(`CN=${pairs}`), [[{ type: cn, value: text }]])
    }),
  )
})

test('property: a name is the same as itself with its sets reordered and in capitals, and as nothing longer', () => {
  const plain = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ é0,+=\\#')), maxLength: 12 })
  const plainName = fc.array(
    fc.array(fc.record({ type: oid, value: plain }, { noNullPrototype: true }), { minLength: 1, maxLength: 3 }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  fc.assert(
    fc.property(plainName, plain, (given, extra) => {
      const turned = given.map((attributes) =>
        attributes
          .toReversed()
          .map((one) => ({ ...one, value: `  ${one.value.toUpperCase().replaceAll(' ', '   ')} ` })),
      )
      assert.ok(isSameName(given, turned))
      assert.ok(isSameName(turned, given))
      const more = { type: '2.5.4.11', value: extra }
      assert.ok(!isSameName(given, [...given, [more]]))
      assert.ok(!isSameName(given, [[more], ...given]))
      assert.ok(!isSameName(given, [[...(given[0] ?? []), more], ...given.slice(1)]))
      assert.ok(!isSameName(given, given.slice(1)))
      const changed = given.map((attributes, at) =>
        at > 0 ? attributes : attributes.map((one, place) => (place > 0 ? one : { ...one, value: `${one.value}x` })),
      )
      assert.ok(!isSameName(given, changed))
    }),
  )
})

test('[AS-MTLS-01] the right common name with anything else about it is another name', () => {
  const registered = 'CN=app,OU=payments,O=Example,C=BR'
  assert.ok(same(registered, registered))
  for (const other of [
    'CN=app',
    'CN=app,OU=payments,O=Other,C=BR',
    'CN=app,OU=payments,O=Example Inc,C=BR',
    'CN=app,OU=payments,C=BR,O=Example',
    'OU=payments,CN=app,O=Example,C=BR',
    'CN=app+OU=payments,O=Example,C=BR',
    'CN=app,OU=payments,O=Example,C=BR,DC=x',
    'CN=app,CN=app,OU=payments,O=Example,C=BR',
    'CN=app,OU=payments,O=Example',
    'UID=app,OU=payments,O=Example,C=BR',
    'CN=app\\,OU=payments,O=Example,C=BR',
    'CN=app\\,OU\\=payments\\,O\\=Example\\,C\\=BR',
    'CN=app2,OU=payments,O=Example,C=BR',
    'CN=ap,OU=payments,O=Example,C=BR',
    'CN=a pp,OU=payments,O=Example,C=BR',
  ]) {
    assert.ok(!same(registered, other), other)
  }
  assert.ok(!same('OU=a+OU=a+OU=b', 'OU=a+OU=b+OU=b'))
  assert.ok(!same('CN=*', 'CN=app'))
  assert.ok(same('OU=a+O=b', 'O=B+ou=A'))
  assert.ok(isSameName(parse(registered), parse('cn=APP,2.5.4.11=Payments,o=\\20example\\20,c=#0c026272')))
})

test('values are compared as a directory would', () => {
  for (const [one, other] of [
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['İ', 'i\u0307'],
    ['é', 'e\u0301'],
    ['ﬁne', 'FINE'],
    ['１２', '12'],
    ['a\u00a0b', 'a b'],
    ['a\t b', 'a b'],
    ['co\u00adop', 'coop'],
    ['a\u200bb', 'ab'],
    ['', '   '],
  ] as const) {
    assert.ok(isSameName([[{ type: cn, value: one }]], [[{ type: cn, value: other }]]), `${one} ${other}`)
  }
  for (const [one, other] of [
    ['ı', 'i'],
    ['é', 'e'],
    ['а', 'a'],
    ['a b', 'ab'],
    ['a \u0301b', 'a b'],
    // Private, unassigned and replacement characters equal nothing, themselves included. RFC 4518 §2.4.
    ['\ue000', '\ue000'],
    ['\u0378', '\u0378'],
    ['\ufffd', '\ufffd'],
  ] as const) {
    assert.ok(!isSameName([[{ type: cn, value: one }]], [[{ type: cn, value: other }]]), `${one} ${other}`)
  }
})

test('a string of another encoding than its tag says is none', () => {
  const bytes = (...list: number[]) => Uint8Array.from(list)
  assert.equal(directoryString(0x0c, bytes(0xef, 0xbb, 0xbf, 0x41)), '\ufeffA')
  assert.equal(directoryString(0x1c, bytes(0, 1, 0xf6, 0)), '\u{1f600}')
  assert.equal(directoryString(0x12, bytes(0x31)), '1')
  for (const [tag, list] of [
    [0x0c, [0xff]],
    [0x0c, [0xed, 0xa0, 0x80]],
    [0x12, [0x41]],
    [0x13, [0xe9]],
    [0x14, [0xe9]],
    [0x16, [0x80]],
    [0x16, [0]],
    [0x1e, [0]],
    [0x1e, [0xd8, 0]],
    [0x1c, [0, 0x11, 0, 0]],
    [0x1c, [0, 0, 0]],
    [0x02, [1]],
    [0x30, []],
  ] as const) {
    assert.equal(directoryString(tag, bytes(...list)), undefined, `${tag} ${list.join()}`)
  }
})
