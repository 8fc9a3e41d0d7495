/** The contract of grants and consents. */

import assert from 'node:assert/strict'
import { clientId, resourceIdentifier, subject } from '../core/names.ts'
import type { GrantFilter, Store } from '../core/ports.ts'
import {
  aClient,
  aGrant,
  anApproval,
  anInteraction,
  anOpening,
  approved,
  approveIn,
  aRedemption,
  aRequest,
  at,
  fifty,
  id,
  type OnStore,
  opened,
  ref,
} from './contract-fixtures.ts'

const [ada, shop] = [subject('sub-ada'), clientId('shop')]

/** Registers the tests of grants and of what people allowed. */
export function grantContract(onStore: OnStore): void {
  consentContract(onStore)
  withdrawalContract(onStore)
  everythingContract(onStore)
  listContract(onStore)
  signOutContract(onStore)
  clientContract(onStore)
}

function consentContract(onStore: OnStore): void {
  onStore('a grant is found as it was given', async ({ store }) => {
    const claims = { idToken: ['email'], userinfo: [], essentialAcr: ['urn:example:high'] }
    await approved(store, 'a', { grant: { claims, authTime: at(3), acr: 'urn:example:high', amr: ['pwd', 'otp'] } })
    const given = aGrant('a', 'shop', 'ada', { claims, authTime: at(3), acr: 'urn:example:high', amr: ['pwd', 'otp'] })
    assert.deepEqual(await store.grants.find(ref('grant a')), given)
    assert.equal(await store.grants.find(ref('nothing')), undefined)
    await store.grants.revoke(ref('grant a'), at(40))
    assert.deepEqual(await store.grants.find(ref('grant a')), { ...given, revokedAt: at(40) })
  })

  onStore('what was allowed once is remembered together with what is allowed later', async ({ store }) => {
    assert.equal(await store.grants.consent(ada, shop), undefined)
    await approved(store, 'a')
    const first = {
      subject: ada,
      clientId: shop,
      scope: ['openid', 'accounts'],
      resources: [resourceIdentifier('https://api.example')],
      givenAt: at(10),
    }
    assert.deepEqual(await store.grants.consent(ada, shop), first)
    const resources = [resourceIdentifier('https://other.example')]
    await approved(store, 'b', { scope: ['accounts', 'payments'], resources })
    assert.deepEqual(await store.grants.consent(ada, shop), {
      ...first,
      scope: ['openid', 'accounts', 'payments'],
      resources: [...first.resources, ...resources],
    })
    assert.equal(await store.grants.consent(subject('sub-eve'), shop), undefined)
    assert.equal(await store.grants.consent(ada, clientId('bank')), undefined)
  })

  onStore('fifty approvals of fifty requests lose nothing of what was allowed', async ({ store }) => {
    for (const index of fifty) await opened(store, `${index}`)
    const outcomes = await Promise.all(
      fifty.map(async (index) => approveIn(store, `${index}`, 'first', { scope: ['openid', `scope-${index}`] })),
    )
    assert.ok(outcomes.every((outcome) => outcome === 'approved'))
    const consent = await store.grants.consent(ada, shop)
    assert.deepEqual(consent?.scope.toSorted(), ['openid', ...fifty.map((index) => `scope-${index}`)].toSorted())
  })
}

function withdrawalContract(onStore: OnStore): void {
  onStore('an approval that comes too late allows nothing', async ({ store }) => {
    await opened(store, 'a')
    await store.requests.refuse(id('interaction a first'), at(9))
    assert.equal(await approveIn(store, 'a', 'second'), 'spent')
    assert.equal(await store.grants.consent(ada, shop), undefined)
  })

  onStore('who is not asked must have allowed something, and allows nothing more by it', async ({ store }) => {
    await approved(store, 'a')
    const before = await store.grants.consent(ada, shop)
    const wider = ['openid', 'payments']
    const next = async (name: string) => {
      await store.requests.push(aRequest(name, 'shop'))
      await store.requests.open(anOpening(name, 'shop'), anInteraction(name, 'first'))
      const approval = anApproval(name, 'ada', { scope: wider })
      const grant = aGrant(name, 'shop', 'ada', { scope: wider })
      return store.requests.approve(id(`interaction ${name} first`), approval, grant, at(10), 'allowed_before')
    }
    assert.equal(await next('b'), 'approved')
    assert.deepEqual(await store.grants.consent(ada, shop), before)
    assert.equal(await store.grants.withdraw(ada, shop, at(30)), 'withdrawn')
    assert.equal(await next('c'), 'withdrawn')
    assert.equal(await store.grants.find(ref('grant c')), undefined)
    assert.equal(await store.grants.consent(ada, shop), undefined)
  })

  onStore('withdrawing forgets the consent and revokes every grant of it, and of it only', async ({ store }) => {
    await approved(store, 'a', { scope: ['offline_access'] })
    await approved(store, 'b')
    await otherGrant(store)
    assert.equal(await store.grants.withdraw(ada, shop, at(30)), 'withdrawn')
    assert.equal(await store.grants.consent(ada, shop), undefined)
    for (const name of ['grant a', 'grant b']) {
      assert.equal(await store.grants.standing(ref(name), at(31)), 'revoked')
      assert.equal((await store.grants.find(ref(name)))?.revokedAt, at(30))
    }
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop', { now: at(31) }))).outcome, 'grant_revoked')
    assert.equal(await store.grants.standing(ref('grant other'), at(31)), 'live')
    assert.ok(await store.grants.consent(ada, clientId('bank')))
    assert.equal(await store.grants.withdraw(ada, shop, at(40)), 'unknown')
    assert.equal((await store.grants.find(ref('grant a')))?.revokedAt, at(30), 'the first revocation counts')
    assert.equal(await store.grants.withdraw(subject('sub-eve'), shop, at(40)), 'unknown')
  })
}

function everythingContract(onStore: OnStore): void {
  onStore('what a person allowed is listed client by client, and of nobody else', async ({ store }) => {
    assert.deepEqual(await store.grants.consents(ada, 10), [])
    await approved(store, 'a')
    await otherGrant(store)
    const consents = await store.grants.consents(ada, 10)
    assert.deepEqual(
      consents.map((consent) => [consent.clientId, consent.givenAt]),
      [
        ['bank', at(11)],
        ['shop', at(10)],
      ],
    )
    assert.deepEqual(consents[1], await store.grants.consent(ada, shop))
    assert.deepEqual(await store.grants.consents(ada, 1), consents.slice(0, 1))
    assert.deepEqual(await store.grants.consents(subject('sub-eve'), 10), [])
  })

  onStore('withdrawing everything ends what the person allowed anybody, and nobody else', async ({ store }) => {
    await approved(store, 'a', { scope: ['offline_access'] })
    await approved(store, 'revoked')
    await store.grants.revoke(ref('grant revoked'), at(15))
    await otherGrant(store)
    await opened(store, 'eve')
    const [approval, grant] = [anApproval('eve', 'eve'), aGrant('eve', 'shop', 'eve')]
    assert.equal(
      await store.requests.approve(id('interaction eve first'), approval, grant, at(10), 'asked'),
      'approved',
    )
    const ended = await store.grants.withdrawAll(ada, at(30))
    assert.deepEqual(
      ended.map((grant) => [grant.ref, grant.revokedAt]),
      [
        [ref('grant other'), at(30)],
        [ref('grant a'), at(30)],
      ],
    )
    assert.deepEqual(await store.grants.consents(ada, 10), [])
    assert.deepEqual(await store.grants.find(ref('grant other')), ended[0])
    assert.equal((await store.grants.find(ref('grant revoked')))?.revokedAt, at(15), 'the first revocation counts')
    assert.equal((await store.grants.find(ref('grant eve')))?.revokedAt, undefined)
    assert.equal((await store.grants.consents(subject('sub-eve'), 10)).length, 1)
    assert.deepEqual(await store.grants.withdrawAll(ada, at(31)), [])
  })
}

/** A grant of the same person to another client, in another sign-in. */
async function otherGrant(store: Store): Promise<void> {
  await store.clients.add(aClient('bank'))
  await store.requests.push(aRequest('other', 'bank'))
  await store.requests.open(anOpening('other', 'bank'), anInteraction('other', 'first'))
  const sid = id('another sign-in')
  const grant = aGrant('other', 'bank', 'ada', { sid, createdAt: at(11) })
  const approval = anApproval('other', 'ada', { sid })
  assert.equal(
    await store.requests.approve(id('interaction other first'), approval, grant, at(11), 'asked'),
    'approved',
  )
}

function listContract(onStore: OnStore): void {
  onStore('grants are listed the newest first, page by page, by whom they concern', async ({ store }) => {
    const names = ['a', 'b', 'c', 'd', 'e']
    // Two of the same second: their order is of no matter, as long as it stays.
    for (const [index, name] of names.entries()) {
      await approved(store, name, { grant: { createdAt: at(10 + Math.floor(index / 2)) } })
    }
    await otherGrant(store)
    const all = await store.grants.list({}, 100, undefined)
    assert.equal(all.length, 6)
    assert.deepEqual(
      all.map(({ createdAt }) => createdAt),
      [12, 11, 11, 11, 10, 10].map(at),
    )
    for (const size of [1, 2, 3, 4]) {
      const pages = []
      for (let last = (await store.grants.list({}, size, undefined)).at(-1); last !== undefined; ) {
        pages.push(last.ref)
        last = (await store.grants.list({}, size, last.ref)).at(-1)
      }
      const ends = all.filter((_, index) => (index + 1) % size === 0 || index === all.length - 1)
      assert.deepEqual(
        pages,
        ends.map((grant) => grant.ref),
      )
    }
    const countOf = async (filter: GrantFilter) => (await store.grants.list(filter, 100, undefined)).length
    assert.equal(await countOf({ clientId: shop }), 5)
    assert.equal(await countOf({ clientId: clientId('bank') }), 1)
    assert.equal(await countOf({ subject: ada }), 6)
    assert.equal(await countOf({ subject: ada, clientId: shop }), 5)
    assert.equal(await countOf({ sid: id('another sign-in') }), 1)
    assert.equal(await countOf({ sid: id('another sign-in'), clientId: shop }), 0)
    assert.equal(await countOf({ subject: subject('sub-eve') }), 0)
    assert.deepEqual(await store.grants.list({}, 10, ref('nothing')), [], 'behind what is gone there is nothing')
    await store.grants.revoke(ref('grant a'), at(20))
    assert.equal(await countOf({}), 6, 'those that are revoked too')
  })
}

function signOutContract(onStore: OnStore): void {
  onStore('signing out ends the grants of the sign-in that were not for offline access', async ({ store }) => {
    await approved(store, 'online')
    await approved(store, 'newer', { grant: { createdAt: at(12) } })
    await approved(store, 'offline', { scope: ['openid', 'offline_access'] })
    await approved(store, 'revoked')
    await store.grants.revoke(ref('grant revoked'), at(15))
    await otherGrant(store)
    assert.deepEqual(await store.grants.endOnline(id('sign-in'), at(30)), [
      aGrant('newer', 'shop', 'ada', { createdAt: at(12), revokedAt: at(30) }),
      aGrant('online', 'shop', 'ada', { revokedAt: at(30) }),
    ])
    const standings = await Promise.all(
      ['online', 'newer', 'offline', 'other'].map(async (name) => store.grants.standing(ref(`grant ${name}`), at(31))),
    )
    assert.deepEqual(standings, ['revoked', 'revoked', 'live', 'live'])
    assert.deepEqual(await store.grants.endOnline(id('sign-in'), at(40)), [])
    assert.equal((await store.grants.find(ref('grant revoked')))?.revokedAt, at(15))
  })
}

function clientContract(onStore: OnStore): void {
  onStore('suspending a client ends its grants, and activating revives none', async ({ store }) => {
    await approved(store, 'a', { grant: { createdAt: at(10) } })
    await store.clients.setStatus(shop, 'suspended', at(20))
    assert.equal(await store.grants.standing(ref('grant a'), at(21)), 'revoked')
    await store.clients.setStatus(shop, 'active', at(22))
    assert.equal(await store.grants.standing(ref('grant a'), at(23)), 'revoked')
    await approved(store, 'b', { grant: { createdAt: at(23) } })
    assert.equal(await store.grants.standing(ref('grant b'), at(24)), 'live')
  })

  onStore('whoever is registered under the name of a removed client inherits nothing', async ({ store, setClock }) => {
    await approved(store, 'a')
    await otherGrant(store)
    setClock(at(20))
    assert.equal(await store.clients.remove(shop), 'removed')
    assert.equal(await store.clients.remove(shop), 'unknown')
    assert.equal(await store.clients.find(shop), undefined)
    assert.equal(await store.grants.standing(ref('grant a'), at(21)), 'revoked')
    assert.equal(await store.clients.add(aClient('shop', { createdAt: at(22) })), 'added')
    assert.equal(await store.grants.standing(ref('grant a'), at(23)), 'revoked')
    assert.equal((await store.grants.find(ref('grant a')))?.revokedAt, at(20))
    assert.equal(await store.grants.consent(ada, shop), undefined)
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop', { now: at(23) }))).outcome, 'grant_revoked')
    assert.equal(await store.grants.standing(ref('grant other'), at(23)), 'live')
    assert.ok(await store.grants.consent(ada, clientId('bank')))
  })
}
