/** The contract of refresh tokens, and of access tokens that are revoked. */

import assert from 'node:assert/strict'
import type { RefreshAttempt, RefreshToken, RefreshTokenOffer } from '../core/flow.ts'
import { clientId, codeChallenge, username } from '../core/names.ts'
import type { Store } from '../core/ports.ts'
import {
  aClient,
  aGrant,
  anOffer,
  approved,
  aRedemption,
  aRefresh,
  at,
  aToken,
  fifty,
  hash,
  id,
  type OnStore,
  ref,
} from './contract-fixtures.ts'

const offline = { scope: ['openid', 'offline_access'], grant: { expiresAt: at(2000) } }

/** A refresh token of `ada` for `shop`, earned by redeeming a code. */
async function earned(store: Store, name: string, more: Partial<RefreshTokenOffer> = {}): Promise<RefreshToken> {
  await approved(store, name, offline)
  const refreshToken = anOffer(name, more)
  const redemption = await store.requests.redeem(aRedemption(name, 'shop', { refreshToken }))
  assert.ok(redemption.outcome === 'redeemed' && redemption.refreshToken === 'stored')
  return { ...refreshToken, grantRef: ref(`grant ${name}`), clientId: clientId('shop') }
}

const held = async (store: Store, name: string) =>
  store.refreshTokens.find(id(`refresh token ${name}`), hash(`refresh secret ${name}`))

/** Registers the tests of refresh tokens. */
export function refreshContract(onStore: OnStore): void {
  earningContract(onStore)
  presentingContract(onStore)
  idleContract(onStore)
  lastUseContract(onStore)
}

function earningContract(onStore: OnStore): void {
  onStore('a refresh token is stored with the redemption that earns it, for whoever holds its secret', async (on) => {
    const token = await earned(on.store, 'a')
    assert.deepEqual(await held(on.store, 'a'), token)
    assert.equal(await on.store.refreshTokens.find(token.id, hash('guess')), undefined)
    assert.equal(await on.store.refreshTokens.find(id('nothing'), token.secretHash), undefined)
  })

  onStore('without offline access, or without an offer, none is stored', async ({ store }) => {
    await approved(store, 'online')
    const online = await store.requests.redeem(aRedemption('online', 'shop', { refreshToken: anOffer('online') }))
    assert.ok(online.outcome === 'redeemed' && online.refreshToken === 'none')
    assert.equal(await held(store, 'online'), undefined)
    await approved(store, 'plain', offline)
    const plain = await store.requests.redeem(aRedemption('plain', 'shop'))
    assert.ok(plain.outcome === 'redeemed' && plain.refreshToken === 'none')
    assert.equal(await held(store, 'plain'), undefined)
  })

  onStore('a redemption that fails stores none', async ({ store }) => {
    await approved(store, 'a', offline)
    const refreshToken = anOffer('a')
    const wrong = aRedemption('a', 'shop', { refreshToken, codeChallenge: codeChallenge(hash('guess')) })
    assert.equal((await store.requests.redeem(wrong)).outcome, 'mismatched')
    assert.equal(await held(store, 'a'), undefined)
  })

  onStore('a refresh token that cannot be stored leaves the code as it was', async ({ store }) => {
    await earned(store, 'a')
    await approved(store, 'b', offline)
    await assert.rejects(store.requests.redeem(aRedemption('b', 'shop', { refreshToken: anOffer('a') })))
    const again = await store.requests.redeem(aRedemption('b', 'shop', { refreshToken: anOffer('b') }))
    assert.equal(again.outcome, 'redeemed')
  })

  onStore('fifty concurrent redemptions store one refresh token, which dies with the replays', async ({ store }) => {
    await approved(store, 'a', offline)
    const all = await Promise.all(
      fifty.map(async (index) =>
        store.requests.redeem(aRedemption('a', 'shop', { refreshToken: anOffer(`${index}`) })),
      ),
    )
    assert.equal(all.filter(({ outcome }) => outcome === 'redeemed').length, 1)
    const stored = (await Promise.all(fifty.map(async (index) => held(store, `${index}`)))).filter(Boolean)
    assert.equal(stored.length, 1)
    const outcomes = await Promise.all(
      fifty.map(async (index) => (await store.refreshTokens.present(aRefresh(`${index}`, 'shop'))).outcome),
    )
    assert.equal(outcomes.filter((outcome) => outcome === 'grant_revoked').length, 1)
    assert.equal(outcomes.filter((outcome) => outcome === 'unknown').length, 49)
  })
}

function presentingContract(onStore: OnStore): void {
  const outcomeOf = async (store: Store, more: Partial<RefreshAttempt>) =>
    (await store.refreshTokens.present(aRefresh('a', 'shop', more))).outcome

  onStore('a refresh token works again and again, fifty times at once too', async ({ store }) => {
    const token = await earned(store, 'a')
    const grant = aGrant('a', 'shop', 'ada', { scope: offline.scope, ...offline.grant, lastUsedAt: at(30) })
    const all = await Promise.all(fifty.map(async () => store.refreshTokens.present(aRefresh('a', 'shop'))))
    for (const refresh of all) {
      assert.deepEqual(refresh, { outcome: 'live', token: { ...token, idleExpiresAt: at(230) }, grant })
    }
  })

  onStore('a refresh token works for its client, with its secret, in its time', async ({ store }) => {
    await earned(store, 'a')
    assert.equal(await outcomeOf(store, { secretHash: hash('guess') }), 'unknown')
    assert.equal(await outcomeOf(store, { id: id('nothing') }), 'unknown')
    const thief = await store.refreshTokens.present(aRefresh('a', 'thief'))
    assert.deepEqual(thief, { outcome: 'client_mismatch', grantRef: ref('grant a') })
    assert.equal(await outcomeOf(store, { clientId: clientId('thief'), secretHash: hash('guess') }), 'unknown')
    assert.equal((await held(store, 'a'))?.idleExpiresAt, at(220), 'none of these is a use')
    assert.equal(await outcomeOf(store, { now: at(220) }), 'expired')
    assert.equal(await outcomeOf(store, { now: at(219), idleExpiresAt: at(419) }), 'live')
  })

  onStore('a refresh token dies with its grant, its person and its client', async ({ store }) => {
    await earned(store, 'a')
    await store.grants.revoke(ref('grant a'), at(25))
    assert.equal(await outcomeOf(store, {}), 'grant_revoked')
    assert.ok(await held(store, 'a'), 'it is there to be recognised')
    await earned(store, 'b')
    const b = async () => (await store.refreshTokens.present(aRefresh('b', 'shop'))).outcome
    assert.equal(await b(), 'live')
    await store.clients.setStatus(clientId('shop'), 'suspended', at(26))
    assert.equal(await b(), 'grant_revoked')
    await store.clients.setStatus(clientId('shop'), 'active', at(27))
    assert.equal(await b(), 'grant_revoked')
    await approved(store, 'c', { scope: offline.scope, grant: { createdAt: at(28), expiresAt: at(2000) } })
    const now = at(29)
    await store.requests.redeem(aRedemption('c', 'shop', { refreshToken: anOffer('c'), now }))
    assert.equal((await store.refreshTokens.present(aRefresh('c', 'shop'))).outcome, 'live')
    await store.users.setLocked(username('ada'), 'locked', at(30))
    assert.equal((await store.refreshTokens.present(aRefresh('c', 'shop'))).outcome, 'grant_revoked')
  })

  onStore('a refresh token whose grant is over, or gone, does not work', async ({ store }) => {
    await approved(store, 'a', { scope: offline.scope, grant: { expiresAt: at(100) } })
    await store.requests.redeem(aRedemption('a', 'shop', { refreshToken: anOffer('a') }))
    assert.equal(await outcomeOf(store, { now: at(99) }), 'live')
    assert.equal(await outcomeOf(store, { now: at(100) }), 'grant_revoked')
    await store.reap(at(100), 100)
    assert.equal(await outcomeOf(store, { now: at(100) }), 'grant_revoked')
  })
}

function idleContract(onStore: OnStore): void {
  const used = async (store: Store, now: number, idle: number) => {
    const refresh = await store.refreshTokens.present(aRefresh('a', 'shop', { now: at(now), idleExpiresAt: at(idle) }))
    assert.ok(refresh.outcome === 'live')
    const token = await held(store, 'a')
    assert.deepEqual(refresh.token, token, 'what is told is what is kept')
    return token?.idleExpiresAt
  }

  onStore('a use moves the idle end only when that gains a twentieth of what is left', async ({ store }) => {
    await earned(store, 'a')
    assert.equal(await used(store, 20, 220), at(220))
    assert.equal(await used(store, 29, 229), at(220), '9 are less than a twentieth of 191')
    assert.equal(await used(store, 30, 230), at(230), '10 are more than a twentieth of 190')
    assert.equal(await used(store, 31, 31), at(230), 'it never moves back')
  })

  onStore('the idle end never moves beyond the end of the token', async ({ store }) => {
    await earned(store, 'a', { idleExpiresAt: at(5000) })
    assert.equal((await held(store, 'a'))?.idleExpiresAt, at(1020))
    await earned(store, 'b')
    const late = aRefresh('b', 'shop', { now: at(200), idleExpiresAt: at(5000) })
    assert.equal((await store.refreshTokens.present(late)).outcome, 'live')
    assert.equal((await held(store, 'b'))?.idleExpiresAt, at(1020))
    const over = await store.refreshTokens.present(aRefresh('b', 'shop', { now: at(1020), idleExpiresAt: at(5000) }))
    assert.equal(over.outcome, 'expired')
  })

  onStore('a refresh token goes when nobody used it in time', async ({ store }) => {
    await earned(store, 'a')
    await earned(store, 'b')
    assert.equal(await used(store, 100, 300), at(300))
    await store.reap(at(299), 100)
    assert.ok(await held(store, 'a'))
    assert.equal(await held(store, 'b'), undefined)
    await store.reap(at(300), 100)
    assert.equal(await held(store, 'a'), undefined)
    assert.ok(await store.grants.find(ref('grant a')), 'its grant stays to its own end')
  })
}

function lastUseContract(onStore: OnStore): void {
  const lastUse = async (store: Store) => (await store.grants.find(ref('grant a')))?.lastUsedAt

  onStore('a grant knows when tokens were issued under it last: by a code, and by a refresh token', async (on) => {
    const { store } = on
    await approved(store, 'a', offline)
    assert.equal(await lastUse(store), undefined)
    await store.requests.redeem(aRedemption('a', 'shop', { refreshToken: anOffer('a') }))
    assert.equal(await lastUse(store), at(20))
    for (const now of [at(30), at(31), at(32)]) {
      const refresh = await store.refreshTokens.present(aRefresh('a', 'shop', { now }))
      assert.ok(refresh.outcome === 'live')
      assert.equal(refresh.grant.lastUsedAt, now)
      assert.deepEqual(await store.grants.find(ref('grant a')), refresh.grant)
      assert.equal((await store.grants.list({}, 1, undefined))[0]?.lastUsedAt, now)
    }
    const earlier = await store.refreshTokens.present(aRefresh('a', 'shop', { now: at(25) }))
    assert.equal(earlier.outcome, 'live')
    assert.equal(await lastUse(store), at(32), 'a clock that steps back takes nothing back')
  })

  onStore('nothing that is refused is a use of the grant', async ({ store }) => {
    await approved(store, 'a', offline)
    const redeem = async (more: Parameters<typeof aRedemption>[2]) =>
      (await store.requests.redeem(aRedemption('a', 'shop', { refreshToken: anOffer('a'), ...more }))).outcome
    assert.equal(await redeem({ codeHash: hash('guess') }), 'unknown')
    assert.equal(await redeem({ now: at(70) }), 'expired')
    assert.equal(await redeem({ resources: ['https://other.example'] }), 'resource_not_granted')
    assert.equal(await lastUse(store), undefined)
    assert.equal(await redeem({}), 'redeemed')
    const present = async (more: Partial<RefreshAttempt>) =>
      (await store.refreshTokens.present(aRefresh('a', 'shop', more))).outcome
    assert.equal(await present({ secretHash: hash('guess') }), 'unknown')
    assert.equal(await present({ clientId: clientId('thief') }), 'client_mismatch')
    assert.equal(await present({ now: at(1020) }), 'expired')
    assert.equal(await redeem({ now: at(40) }), 'replayed')
    assert.equal(await present({ now: at(41) }), 'grant_revoked')
    assert.equal(await lastUse(store), at(20))
  })
}

/** Registers the tests of access tokens. */
export function tokenContract(onStore: OnStore): void {
  onStore('a revoked access token stays revoked until it is over, and no other is', async ({ store }) => {
    await approved(store, 'a')
    const [one, two] = [aToken('one', 'shop', 'a'), aToken('two', 'shop', 'a')]
    const [plain, other] = [aToken('plain', 'shop'), aToken('other', 'shop')]
    for (const token of [one, two, plain, other]) assert.equal(await store.tokens.standing(token, at(20)), 'live')
    await store.tokens.revoke(one.jti, at(300))
    await store.tokens.revoke(one.jti, at(300))
    await store.tokens.revoke(plain.jti, at(300))
    await store.reap(at(299), 100)
    assert.equal(await store.tokens.standing(one, at(299)), 'revoked')
    assert.equal(await store.tokens.standing(plain, at(299)), 'revoked')
    assert.equal(await store.tokens.standing(two, at(299)), 'live')
    assert.equal(await store.tokens.standing(other, at(299)), 'live')
    const gone = await store.reap(at(300), 100)
    assert.equal(gone, 2)
  })

  onStore('an access token dies with its grant', async ({ store }) => {
    await approved(store, 'a')
    const token = aToken('one', 'shop', 'a')
    assert.equal(await store.tokens.standing(token, at(399)), 'live')
    assert.equal(await store.tokens.standing(token, at(400)), 'revoked')
    assert.equal(await store.tokens.standing(aToken('one', 'shop', 'nothing'), at(20)), 'revoked')
    await store.users.setLocked(username('ada'), 'locked', at(20))
    assert.equal(await store.tokens.standing(token, at(21)), 'revoked')
    await approved(store, 'b', { grant: { createdAt: at(30) } })
    await store.users.setLocked(username('ada'), 'active', at(30))
    assert.equal(await store.tokens.standing(aToken('two', 'shop', 'b'), at(31)), 'live')
    await store.grants.revoke(ref('grant b'), at(32))
    assert.equal(await store.tokens.standing(aToken('two', 'shop', 'b'), at(33)), 'revoked')
  })

  onStore('an access token without a grant dies with its client', async ({ store, setClock }) => {
    await store.clients.add(aClient('shop'))
    const { clientId: shop, ...token } = aToken('one', 'shop')
    const issuedAt = async (instant: number) =>
      store.tokens.standing({ ...token, clientId: shop, issuedAt: at(instant) }, at(100))
    assert.equal(await issuedAt(15), 'live')
    assert.equal(await store.tokens.standing(aToken('one', 'nobody'), at(100)), 'revoked')
    await store.clients.setStatus(shop, 'suspended', at(20))
    assert.equal(await issuedAt(15), 'revoked')
    assert.equal(await issuedAt(21), 'revoked')
    await store.clients.setStatus(shop, 'active', at(30))
    assert.equal(await issuedAt(20), 'revoked', 'what was issued in that very second too')
    assert.equal(await issuedAt(21), 'live')
    setClock(at(40))
    await store.clients.remove(shop)
    assert.equal(await issuedAt(21), 'revoked')
    await store.clients.add(aClient('shop', { createdAt: at(50) }))
    assert.equal(await issuedAt(21), 'revoked', 'it was issued to another of that name')
    assert.equal(await issuedAt(50), 'live')
  })
}
