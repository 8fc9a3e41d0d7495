/** The contract of requests and grants. */

import assert from 'node:assert/strict'
import { jwkThumbprint, codeChallenge, clientId, username } from '../core/names.ts'
import type { Approval, RedemptionAttempt, RedemptionMismatch } from '../core/flow.ts'
import {
  aClient,
  aDecision,
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
  hash,
  id,
  type OnStore,
  opened,
  ref,
} from './contract-fixtures.ts'

/** Registers the tests of requests, codes and grants. */
export function requestContract(onStore: OnStore): void {
  openingContract(onStore)
  decisionContract(onStore)
  outsideDecisionContract(onStore)
  redemptionContract(onStore)
  wrongRedemptionContract(onStore)
  standingContract(onStore)
  retentionContract(onStore)
}

function openingContract(onStore: OnStore): void {
  onStore('a pushed request opens as it was pushed, twice before anybody decides', async ({ store }) => {
    await opened(store, 'a')
    const pushed = aRequest('a', 'shop')
    const opening = await store.requests.open(anOpening('a', 'shop'), anInteraction('a', 'third'))
    assert.deepEqual(opening, { outcome: 'opened', request: pushed })
    const found = await store.requests.interaction(id('interaction a first'))
    assert.deepEqual(found, { interaction: anInteraction('a', 'first'), request: pushed })
    assert.equal(await store.requests.interaction(id('nothing')), undefined)
    await assert.rejects(store.requests.push(pushed), 'an id is used once')
  })

  onStore('an opening that is refused starts no interaction', async ({ store }) => {
    await store.requests.push(aRequest('a', 'shop'))
    const outcomeOf = async (more: Parameters<typeof anOpening>[2]) =>
      (await store.requests.open(anOpening('a', 'shop', more), anInteraction('a', 'first'))).outcome
    assert.equal(await outcomeOf({ requestUriHash: hash('wrong') }), 'unknown')
    assert.equal(await outcomeOf({ id: id('wrong') }), 'unknown')
    assert.equal(await outcomeOf({ clientId: clientId('thief') }), 'client_mismatch')
    assert.equal(await outcomeOf({ now: at(90) }), 'expired')
    assert.equal(await store.requests.interaction(id('interaction a first')), undefined)
    assert.equal(await outcomeOf({ now: at(89) }), 'opened')
  })

  onStore('an eleventh interaction takes the place of the oldest', async ({ store }) => {
    await store.requests.push(aRequest('a', 'shop'))
    for (let index = 0; index < 11; index += 1) {
      const interaction = anInteraction('a', `${index}`, { startedAt: at(index) })
      await store.requests.open(anOpening('a', 'shop'), interaction)
    }
    assert.equal(await store.requests.interaction(id('interaction a 0')), undefined)
    for (const index of [1, 10]) {
      assert.ok(await store.requests.interaction(id(`interaction a ${index}`)))
    }
  })

  onStore('an interaction in which somebody signed in gives way last', async ({ store }) => {
    await store.requests.push(aRequest('a', 'shop'))
    await store.requests.open(anOpening('a', 'shop'), anInteraction('a', 'honest', { startedAt: at(0) }))
    await store.requests.signedIn(id('interaction a honest'), { sessionId: id('session'), at: at(1) })
    for (let index = 0; index < 30; index += 1) {
      await store.requests.open(anOpening('a', 'shop'), anInteraction('a', `${index}`, { startedAt: at(index + 1) }))
    }
    assert.ok(await store.requests.interaction(id('interaction a honest')))
    assert.ok(await store.requests.interaction(id('interaction a 29')))
    assert.equal(await store.requests.interaction(id('interaction a 0')), undefined)
  })

  onStore('a sign-in is remembered with its interaction', async ({ store }) => {
    await opened(store, 'a')
    const signedIn = { sessionId: id('session'), at: at(4) }
    await store.requests.signedIn(id('interaction a second'), signedIn)
    await store.requests.signedIn(id('nothing'), signedIn)
    const second = await store.requests.interaction(id('interaction a second'))
    assert.deepEqual(second?.interaction, anInteraction('a', 'second', { signedIn }))
    const first = await store.requests.interaction(id('interaction a first'))
    assert.equal(first?.interaction.signedIn, undefined)
  })
}

function decisionContract(onStore: OnStore): void {
  onStore('fifty concurrent approvals have one winner, and spend the request', async ({ store }) => {
    await opened(store, 'a')
    const outcomes = await Promise.all(
      fifty.map(async (index) => approveIn(store, 'a', index % 2 ? 'first' : 'second')),
    )
    assert.equal(outcomes.filter((outcome) => outcome === 'approved').length, 1)
    const opening = await store.requests.open(anOpening('a', 'shop'), anInteraction('a', 'late'))
    assert.equal(opening.outcome, 'spent')
    assert.equal(await store.requests.refuse(id('interaction a first'), at(11)), 'spent')
    assert.equal(await store.grants.standing(ref('grant a'), at(12)), 'live')
  })

  onStore('a refusal spends the request', async ({ store }) => {
    await opened(store, 'a')
    assert.equal(await store.requests.refuse(id('interaction a second'), at(9)), 'refused')
    assert.equal(await approveIn(store, 'a', 'first'), 'spent')
    assert.equal(await store.requests.refuse(id('interaction a first'), at(9)), 'spent')
    assert.equal(await store.grants.standing(ref('grant a'), at(12)), 'unknown')
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'unknown')
  })

  onStore('what is unknown counts as spent', async ({ store }) => {
    assert.equal(await approveIn(store, 'a', 'first'), 'spent')
    assert.equal(await store.requests.refuse(id('nothing'), at(9)), 'spent')
  })
}

function outsideDecisionContract(onStore: OnStore): void {
  const [first, second] = [id('interaction a first'), id('interaction a second')]

  onStore('a decision from outside is kept with its interaction, and the first one stands', async ({ store }) => {
    await opened(store, 'a')
    assert.equal(await store.requests.decide(first, aDecision('a')), 'decided')
    const denied = aDecision('b', { verdict: { kind: 'deny' } })
    assert.equal(await store.requests.decide(first, denied), 'decided_before')
    assert.equal(await store.requests.decide(first, aDecision('a')), 'decided_before')
    const signedIn = { sessionId: id('session'), at: at(4) }
    await store.requests.signedIn(first, signedIn)
    const kept = anInteraction('a', 'first', { signedIn, decision: aDecision('a') })
    assert.deepEqual((await store.requests.interaction(first))?.interaction, kept)
    assert.equal(await store.requests.decide(second, denied), 'decided', 'of this way through it alone')
    assert.deepEqual((await store.requests.interaction(second))?.interaction.decision, denied)
    assert.equal(await store.requests.decide(id('nothing'), denied), 'unknown')
  })

  onStore('fifty concurrent decisions from outside have one winner, and what it decided is kept', async ({ store }) => {
    await opened(store, 'a')
    const outcomes = await Promise.all(fifty.map((index) => store.requests.decide(first, aDecision(`${index}`))))
    assert.equal(outcomes.filter((outcome) => outcome === 'decided_before').length, 49)
    const winner = outcomes.indexOf('decided')
    const found = await store.requests.interaction(first)
    assert.deepEqual(found?.interaction.decision, aDecision(`${winner}`))
  })

  onStore('a decision from outside spends nothing, and comes too late once the request is spent', async ({ store }) => {
    await opened(store, 'a')
    assert.equal(await store.requests.decide(first, aDecision('a', { verdict: { kind: 'deny' } })), 'decided')
    assert.equal(await approveIn(store, 'a', 'first'), 'approved')
    assert.equal(await store.requests.decide(second, aDecision('late')), 'unknown')
    assert.equal(await store.requests.decide(first, aDecision('late')), 'unknown')
    assert.equal((await store.requests.interaction(second))?.interaction.decision, undefined)
    await opened(store, 'b')
    assert.equal(await store.requests.decide(id('interaction b first'), aDecision('b')), 'decided')
    assert.equal(await store.requests.refuse(id('interaction b first'), at(9)), 'refused')
    assert.equal(await store.requests.decide(id('interaction b second'), aDecision('late')), 'unknown')
  })

  onStore('an interaction may begin with a decision', async ({ store }) => {
    await store.requests.push(aRequest('a', 'shop'))
    const begun = anInteraction('a', 'first', { decision: aDecision('a') })
    await store.requests.open(anOpening('a', 'shop'), begun)
    assert.deepEqual((await store.requests.interaction(first))?.interaction, begun)
    assert.equal(await store.requests.decide(first, aDecision('b')), 'decided_before')
  })
}

function redemptionContract(onStore: OnStore): void {
  onStore('fifty concurrent redemptions: one wins, the others are replays and revoke the grant', async ({ store }) => {
    await approved(store, 'a')
    const all = await Promise.all(fifty.map(async () => store.requests.redeem(aRedemption('a', 'shop'))))
    const won = all.filter(({ outcome }) => outcome === 'redeemed')
    assert.deepEqual(won, [
      {
        outcome: 'redeemed',
        request: aRequest('a', 'shop').request,
        approval: anApproval('a', 'ada'),
        refreshToken: 'none',
      },
    ])
    const replayed = all.filter(({ outcome }) => outcome === 'replayed')
    assert.equal(replayed.length, 49)
    assert.deepEqual(replayed[0], { outcome: 'replayed', grantRef: ref('grant a'), by: 'owner' })
    assert.equal(await store.grants.standing(ref('grant a'), at(21)), 'revoked')
  })

  onStore('one redemption leaves the grant live, and so does a replay by another client', async ({ store }) => {
    await approved(store, 'a')
    assert.deepEqual(await store.grants.find(ref('grant a')), aGrant('a', 'shop', 'ada'))
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'redeemed')
    assert.equal(await store.grants.standing(ref('grant a'), at(21)), 'live')
    const thief = await store.requests.redeem(aRedemption('a', 'shop', { clientId: clientId('thief') }))
    assert.deepEqual(thief, { outcome: 'replayed', grantRef: ref('grant a'), by: 'another_client' })
    assert.equal(await store.grants.standing(ref('grant a'), at(21)), 'live')
  })

  onStore('a code that is not the code changes nothing', async ({ store }) => {
    await approved(store, 'a')
    const wrong = aRedemption('a', 'shop', { codeHash: hash('guess') })
    assert.equal((await store.requests.redeem(wrong)).outcome, 'unknown')
    assert.equal((await store.requests.redeem(aRedemption('b', 'shop'))).outcome, 'unknown')
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'redeemed')
  })
}

function wrongRedemptionContract(onStore: OnStore): void {
  onStore('a redemption that asks for more than was granted changes nothing', async ({ store }) => {
    await approved(store, 'a')
    const more = aRedemption('a', 'shop', { resources: ['https://other.example'] })
    assert.equal((await store.requests.redeem(more)).outcome, 'resource_not_granted')
    const objection = ({ details }: Approval) => (details.length < 9 ? 'authorization_details_not_granted' : undefined)
    const objected = await store.requests.redeem(aRedemption('a', 'shop', { objection }))
    assert.deepEqual(objected, { outcome: 'objected', rule: 'authorization_details_not_granted' })
    const wrong = await store.requests.redeem(aRedemption('a', 'shop', { objection, codeHash: hash('guess') }))
    assert.equal(wrong.outcome, 'unknown', 'whoever does not hold the code learns nothing of what was granted')
    const agreed = aRedemption('a', 'shop', { objection: () => undefined })
    assert.equal((await store.requests.redeem(agreed)).outcome, 'redeemed')
  })

  const wrongs: readonly (readonly [RedemptionMismatch, Partial<RedemptionAttempt>])[] = [
    ['client', { clientId: clientId('thief') }],
    ['redirect_uri', { redirectUri: 'https://thief.example/cb' }],
    ['code_verifier', { codeChallenge: codeChallenge(hash('guess')) }],
    ['dpop_key', { dpopJkt: jwkThumbprint(hash('key of the thief')) }],
  ]
  for (const [what, wrong] of wrongs) {
    onStore(`the right code with the wrong ${what} burns it`, async ({ store }) => {
      await approved(store, 'a')
      const outcome = await store.requests.redeem(aRedemption('a', 'shop', wrong))
      assert.deepEqual(outcome, { outcome: 'mismatched', what })
      assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'unknown')
      assert.equal(await store.grants.standing(ref('grant a'), at(21)), 'revoked')
    })
  }

  onStore('a code that is over, or whose grant is, is not redeemed', async ({ store }) => {
    await approved(store, 'a')
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop', { now: at(70) }))).outcome, 'expired')
    assert.equal(await store.grants.revoke(ref('grant a'), at(15)), 'revoked')
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'grant_revoked')
  })

  onStore('a code of a person who was locked meanwhile is not redeemed', async ({ store }) => {
    await approved(store, 'a')
    await store.users.setLocked(username('ada'), 'locked', at(15))
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'grant_revoked')
    await store.users.setLocked(username('ada'), 'active', at(16))
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'grant_revoked')
  })
}

function standingContract(onStore: OnStore): void {
  onStore('a grant stands until it ends, is revoked, or its person is', async ({ store }) => {
    await approved(store, 'a')
    assert.equal(await store.grants.standing(ref('grant a'), at(399)), 'live')
    assert.equal(await store.grants.standing(ref('grant a'), at(400)), 'unknown')
    assert.equal(await store.grants.standing(ref('nothing'), at(20)), 'unknown')
    await store.users.setPassword(username('ada'), 'another hash', at(20))
    assert.equal(await store.grants.standing(ref('grant a'), at(21)), 'revoked')
    assert.equal(await store.grants.revoke(ref('grant a'), at(22)), 'revoked')
    assert.equal(await store.grants.revoke(ref('grant a'), at(23)), 'revoked')
    assert.equal(await store.grants.revoke(ref('nothing'), at(23)), 'unknown')
  })

  onStore('a grant of a suspended or unknown client does not stand', async ({ store }) => {
    await store.clients.add(aClient('shop', { status: 'suspended' }))
    await approved(store, 'a')
    assert.equal(await store.grants.standing(ref('grant a'), at(20)), 'revoked')
    await store.requests.push(aRequest('b', 'gone'))
    await store.requests.open(anOpening('b', 'gone'), anInteraction('b', 'first'))
    const grant = aGrant('b', 'gone', 'ada')
    await store.requests.approve(id('interaction b first'), anApproval('b', 'ada'), grant, at(10), 'asked')
    assert.equal(await store.grants.standing(grant.ref, at(20)), 'revoked')
  })

  onStore('a grant of an unknown person does not stand', async ({ store }) => {
    await store.clients.add(aClient('shop'))
    await store.requests.push(aRequest('a', 'shop'))
    await store.requests.open(anOpening('a', 'shop'), anInteraction('a', 'first'))
    const grant = aGrant('a', 'shop', 'nobody')
    await store.requests.approve(id('interaction a first'), anApproval('a', 'nobody'), grant, at(10), 'asked')
    assert.equal(await store.grants.standing(grant.ref, at(20)), 'revoked')
  })
}

function retentionContract(onStore: OnStore): void {
  onStore('a used code is recognised as long as its tokens may live, then it goes', async ({ store }) => {
    await approved(store, 'a')
    assert.equal((await store.requests.redeem(aRedemption('a', 'shop'))).outcome, 'redeemed')
    await store.reap(at(399), 100)
    const late = aRedemption('a', 'shop', { now: at(399) })
    assert.equal((await store.requests.redeem(late)).outcome, 'replayed')
    await store.reap(at(400), 100)
    assert.equal((await store.requests.redeem(late)).outcome, 'unknown')
    assert.equal(await store.grants.revoke(ref('grant a'), at(400)), 'unknown')
    assert.equal(await store.requests.interaction(id('interaction a first')), undefined, 'interactions go with it')
  })

  onStore('an interaction begun at the last instant keeps its request', async ({ store }) => {
    await store.requests.push(aRequest('a', 'shop'))
    const slow = anInteraction('a', 'slow', { startedAt: at(89), expiresAt: at(89 + 1800) })
    await store.requests.open(anOpening('a', 'shop', { now: at(89) }), slow)
    await store.reap(at(89 + 1799), 100)
    assert.equal(await approveIn(store, 'a', 'slow'), 'approved')
  })

  onStore('a request nobody decided on goes at last', async ({ store }) => {
    await opened(store, 'a')
    await store.reap(at(5000), 100)
    const opening = await store.requests.open(anOpening('a', 'shop'), anInteraction('a', 'late'))
    assert.equal(opening.outcome, 'unknown')
  })
}
