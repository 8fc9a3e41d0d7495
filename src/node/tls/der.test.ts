import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bitsOf,
  booleanOf,
  elementsOf,
  encode,
  encodeInteger,
  encodeOid,
  encodeTime,
  MalformedDer,
  oidOf,
  readOnly,
  smallIntegerOf,
  tags,
  timeOf,
} from './der.ts'
import { parseBase64, parsePemChain, parsePemFile } from './pem.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const element = (hex: string) => readOnly(bytes(hex), bytes(hex)[0] ?? 0)
const malformed = (read: () => unknown, what: string) => assert.throws(read, MalformedDer, what)

test('property: what is written is read again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000 }), (content) => {
      const written = encode(tags.octetString, content)
      assert.deepEqual(Buffer.from(readOnly(written, tags.octetString).content), Buffer.from(content))
      malformed(() => readOnly(Buffer.concat([written, bytes('00')]), tags.octetString), 'one byte more')
      malformed(() => readOnly(written.subarray(0, -1), tags.octetString), 'one byte less')
    }),
  )
  const oid = fc.tuple(fc.constantFrom(1, 2), fc.nat(39), fc.array(fc.nat(2 ** 31), { maxLength: 5 }))
  fc.assert(
    fc.property(oid, ([first, second, rest]) => {
      const dotted = [first, second, ...rest].join('.')
      assert.equal(oidOf(readOnly(encodeOid(dotted), tags.oid)), dotted)
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7f_ff_ff_ff }), (number) => {
      const octets = Buffer.alloc(4)
      octets.writeUInt32BE(number)
      assert.equal(smallIntegerOf(readOnly(encodeInteger(octets), tags.integer)), number)
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: -631_152_000, max: 250_000_000_000 }), (time) => {
      const written = encodeTime(time)
      assert.equal(timeOf(readOnly(written, written[0] ?? 0)), time)
    }),
  )
})

test('every other spelling is refused', () => {
  for (const hex of ['', '04', '0480', '048100', '04817f', '04820001 00', '0484 00000001 00', '1f0100', '0402 00']) {
    malformed(() => readOnly(bytes(hex), bytes(hex)[0] ?? 4), hex)
  }
  malformed(() => readOnly(bytes('0400'), tags.sequence), 'another tag')
  malformed(() => elementsOf(element('30020401')), 'cut off inside')
  for (const hex of ['0100', '010101', '01020000']) malformed(() => booleanOf(element(hex)), hex)
  for (const hex of ['0200', '0201ff', '02020001', '02050100000000']) malformed(() => smallIntegerOf(element(hex)), hex)
  for (const hex of ['0600', '060180', '06028001', '060281', '0609ffffffffffffffff7f'])
    malformed(() => oidOf(element(hex)), hex)
  for (const hex of ['0300', '030101', '03020801', '03020101']) malformed(() => bitsOf(element(hex)), hex)
  assert.equal(booleanOf(element('0101ff')), 'true')
  assert.equal(smallIntegerOf(element('02020080')), 128)
  assert.equal(oidOf(element('0603550403')), '2.5.4.3')
  assert.equal(bitsOf(element('03020780')).unused, 7)
})

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`

test('PEM is certificates and nothing else; a file may have text around them', () => {
  const chain = [Buffer.from([1]), Buffer.from([2, 3])]
  assert.deepEqual(parsePemChain(pem('AQ==') + pem('AgM=')), chain)
  assert.deepEqual(parsePemFile(`# one\n${pem('AQ==')}\ntwo: x\n${pem('AgM=')}end`), chain)
  for (const text of [
    '',
    'x',
    pem('AQ'),
    pem(''),
    pem('AR=='),
    `${pem('AQ==')}\n`,
    ` ${pem('AQ==')}`,
    pem('AQ==').replaceAll('CERTIFICATE', 'PRIVATE KEY'),
  ]) {
    assert.equal(parsePemChain(text), undefined, text)
  }
  for (const text of ['', '# none', pem('AR=='), `${pem('AQ==')}-----BEGIN CERTIFICATE-----\nAQ==`]) {
    assert.equal(parsePemFile(text), undefined, text)
  }
  assert.equal(parseBase64('AQ=='.replaceAll('=', '')), undefined)
  assert.equal(parseBase64(''), undefined)
})
