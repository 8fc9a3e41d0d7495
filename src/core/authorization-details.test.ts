import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type AuthorizationDetail,
  choose,
  covers,
  coversAll,
  type DetailType,
  parseAuthorizationDetails,
} from './authorization-details.ts'
import { resourceIdentifier } from './names.ts'
import { OAuthError } from './oauth-error.ts'

const type: DetailType = {
  type: 't',
  resource: resourceIdentifier('https://bank.example'),
  misfit: () => undefined,
  consent: { title: 'T', text: 'T' },
  choosable: ['accounts'],
  atMost: ['amount', 'limit.amount'],
}
const known = [type]

const amount = fc.oneof(
  fc.tuple(fc.nat(300), fc.nat(99)).map(([whole, cents]) => `${whole}.${String(cents).padStart(2, '0')}`),
  fc.constantFrom(
    '0',
    '0.0',
    '00',
    '-1',
    '1e3',
    '',
    '12.3.4',
    '99999999999999999999999999.01',
    '99999999999999999999999999.02',
  ),
)
const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 })
const element: fc.Arbitrary<AuthorizationDetail> = fc.record(
  {
    type: fc.constant('t'),
    accounts: texts,
    actions: texts,
    other: texts,
    amount,
    limit: fc.record({ amount, currency: fc.constantFrom('EUR', 'USD') }, { requiredKeys: [] }),
    name: fc.constantFrom('x', 'y'),
  },
  { requiredKeys: ['type'] },
)

/** Exact hundredths; undefined for what is no decimal of these tests. */
function hundredths(text: unknown): bigint | undefined {
  const [, whole, cents = ''] = (typeof text === 'string' && /^(\d+)(?:\.(\d{1,2}))?$/.exec(text)) || []
  return whole === undefined ? undefined : BigInt(whole + cents.padEnd(2, '0'))
}

/** Another reading of "not more": entry by entry, amount by amount. */
function isNoMore(less: AuthorizationDetail, more: AuthorizationDetail): boolean {
  const limits = [less['limit'], more['limit']].map((limit) => Object(limit))
  const amounts = [
    [less['amount'], more['amount']],
    [limits[0]?.amount, limits[1]?.amount],
  ]
  const lists = ['accounts', 'actions'].map((name) => [less[name], more[name]])
  return (
    JSON.stringify(Object.keys(less).toSorted()) === JSON.stringify(Object.keys(more).toSorted()) &&
    JSON.stringify([less['other'], less['name'], limits[0]?.currency]) ===
      JSON.stringify([more['other'], more['name'], limits[1]?.currency]) &&
    amounts.every(([small, large]) => {
      if (small === large) return true
      const [a, b] = [hundredths(small), hundredths(large)]
      return a !== undefined && b !== undefined && a <= b
    }) &&
    lists.every(([small, large]) => {
      const [few, many] = [Array.isArray(small) ? small : [], Array.isArray(large) ? large : []]
      return few.every((one) => few.filter((x) => x === one).length <= many.filter((x) => x === one).length)
    })
  )
}

test('[AS-RAR-04] whatever covers accepts is never more than what was granted', () => {
  fc.assert(
    fc.property(element, element, (granted, wanted) => {
      if (covers(granted, wanted, type)) assert.ok(isNoMore(wanted, granted), JSON.stringify([granted, wanted]))
      assert.ok(covers(granted, granted, type), 'as much is not more')
    }),
    { numRuns: 2000 },
  )
})

test('[AS-RAR-04] what covers accepts of what was accepted is accepted of the whole', () => {
  fc.assert(
    fc.property(element, element, element, (one, two, three) => {
      if (covers(one, two, type) && covers(two, three, type)) assert.ok(covers(one, three, type))
    }),
    { numRuns: 2000 },
  )
})

test('[AS-RAR-04] amounts are compared as decimals, exactly', () => {
  const may = (granted: unknown, wanted: unknown) =>
    covers({ type: 't', amount: granted }, { type: 't', amount: wanted }, type)
  for (const [granted, wanted] of [
    ['120.00', '120'],
    ['120.00', '119.999'],
    ['9007199254740993', '9007199254740992.9'],
    ['0.3', '0.30'],
    [120, 119.5],
  ])
    assert.equal(may(granted, wanted), true, `${String(wanted)} of ${String(granted)}`)
  for (const [granted, wanted] of [
    ['120.00', '120.01'],
    ['9', '10'],
    ['9007199254740992.9', '9007199254740993'],
    ['0.30', '0.300000000000000001'],
    ['120.00', '-1'],
    ['120.00', '1e1'],
    ['120.00', ''],
    ['120.00', 7],
    [120, '7'],
    [120, null],
    ['120.00', ['7']],
  ])
    assert.equal(may(granted, wanted), false, `${String(wanted)} of ${String(granted)}`)
})

test('[AS-RAR-04] no two elements come out of one that was granted', () => {
  const pay = (most: string): AuthorizationDetail => ({ type: 't', amount: most })
  assert.equal(coversAll([pay('10')], [pay('5'), pay('5')], known), false)
  assert.equal(coversAll([pay('10'), pay('5')], [pay('5'), pay('10')], known), true)
  // The small one fits both: it must make room for the large one.
  assert.equal(coversAll([pay('10'), pay('5')], [pay('4'), pay('9')], known), true)
  assert.equal(coversAll([pay('10'), pay('5')], [pay('6'), pay('9')], known), false)
  assert.equal(coversAll([pay('10')], [{ type: 'u', amount: '1' }], known), false)
  const many = Array.from({ length: 10 }, () => pay('10'))
  assert.equal(coversAll(many.slice(1), many, known), false)
})

const asked: AuthorizationDetail = { type: 't', accounts: ['a', 'b', 'b'], actions: ['x', 'y'], name: 'n' }

test('[AS-RAR-03] whatever is chosen is part of what was asked for', () => {
  const choice = fc.record({
    element: fc.integer({ min: -1, max: 2 }),
    member: fc.constantFrom('accounts', 'actions', 'name', '__proto__', 'length'),
    entry: fc.oneof(fc.integer({ min: -1, max: 4 }), fc.constant(Number.NaN), fc.constant(0.5)),
  })
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 8 }), (choices) => {
      try {
        const left = choose([asked, asked], choices, known)
        assert.equal(left.length, 2)
        for (const one of left) assert.ok(covers(asked, one, type), JSON.stringify(one))
      } catch (error) {
        assert.ok(error instanceof OAuthError)
        assert.ok(['consent_tampered', 'authorization_details_empty_choice'].includes(error.rule), error.rule)
      }
    }),
    { numRuns: 2000 },
  )
})

test('[AS-RAR-03] what is left follows the order of what was asked for', () => {
  const at = (entry: number) => ({ element: 0, member: 'accounts', entry })
  assert.deepEqual(choose([asked], [at(2), at(0), at(2)], known), [{ ...asked, accounts: ['a', 'b'] }])
  // One entry is nothing to choose from.
  const one = { ...asked, accounts: ['a'] }
  assert.deepEqual(choose([one], [], known), [one])
})

test('authorization_details_empty_choice [AS-RAR-03] what is left still has to fit the type', () => {
  const pickyType: DetailType = {
    ...type,
    misfit: ({ accounts }) => (Object(accounts).length > 1 ? undefined : '/accounts'),
  }
  const at = (entry: number) => ({ element: 0, member: 'accounts', entry })
  assert.throws(() => choose([asked], [at(0)], [pickyType]), { rule: 'authorization_details_empty_choice' })
  assert.deepEqual(choose([asked], [at(0), at(1)], [pickyType]), [{ ...asked, accounts: ['a', 'b'] }])
})

test('[AS-RAR-01] the bounds are exact', () => {
  const parse = (value: unknown) => parseAuthorizationDetails(JSON.stringify(value))
  const one = { type: 't' }
  assert.equal(parse(Array.from({ length: 10 }, () => one)).length, 10)
  assert.throws(() => parse(Array.from({ length: 11 }, () => one)), SyntaxError)
  const room = 8192 - JSON.stringify([{ type: 't', x: '' }]).length
  assert.equal(parse([{ type: 't', x: 'x'.repeat(room) }]).length, 1)
  assert.throws(() => parse([{ type: 't', x: 'x'.repeat(room + 1) }]), SyntaxError)
  assert.equal(parse([{ type: 't', x: Array.from({ length: 50 }, () => 1) }]).length, 1)
  assert.throws(() => parse([{ type: 't', x: Array.from({ length: 50 }, () => 1), y: [1] }]), SyntaxError)
  assert.throws(() => parse([{ type: 't', x: Array.from({ length: 49 }, () => [1]) }]), SyntaxError)
  // Written out again, a text may be longer than it was.
  const short = `[{"type":"t","x":[${Array.from({ length: 50 }, () => '1E15').join(',')}],"y":"${'y'.repeat(7700)}"}]`
  assert.ok(short.length < 8192)
  assert.throws(() => parseAuthorizationDetails(short), SyntaxError)
})
