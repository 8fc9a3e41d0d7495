/** Attacks that lead a client from one issuer, or one person, to another. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callback, refused, signIn, world } from './fixtures.test-support.ts'

test('[ER-16] a hub that was led from a bad issuer to a good one keeps their flows apart', async () => {
  const [good, bad] = [await world(), await world()]
  const [atGood, atBad] = [await good.connect(), await bad.connect()]
  const begun = await atBad.begin()
  // The bad issuer sends the browser on to the good one, and keeps the state.
  const answer = callback(begun.pending, { iss: good.issuer, code: 'a code of the good issuer' })
  await assert.rejects(atBad.finish(answer, begun.pending), refused('iss_mismatch'))
  // A hub that only looks at who answered asks the client of the good issuer.
  await assert.rejects(atGood.finish(answer, begun.pending), refused('pending_foreign'))
  // Another flow of the person, which is open at the good issuer, does not take it either.
  const other = await atGood.begin()
  await assert.rejects(atGood.finish(answer, other.pending), refused('state_mismatch'))
  assert.deepEqual([good.tokenHits().length, bad.tokenHits().length], [0, 0])
  assert.equal((await signIn(atGood)).subject, 'alice')
  assert.equal((await signIn(atBad)).subject, 'alice')
})

test('[ER-06] the response to a request that somebody else pushed ends no flow of this person', async () => {
  const { connect, hits, tokenHits } = await world()
  const client = await connect()
  const [victim, thief] = [await client.begin(), await client.begin()]
  // The thief put its own request_uri into the redirect of the victim: what comes back belongs to that request.
  await assert.rejects(client.finish(callback(thief.pending), victim.pending), refused('state_mismatch'))
  await assert.rejects(
    client.finish(callback(victim.pending, { state: 'chosen' }), victim.pending),
    refused('state_mismatch'),
  )
  assert.equal(tokenHits().length, 0)
  const challenges = hits.filter(({ path }) => path === '/par').map(({ form }) => form.get('code_challenge'))
  assert.equal(new Set(challenges).size, 2)
  assert.equal((await client.finish(callback(victim.pending), victim.pending)).subject, 'alice')
  const redeemed = tokenHits().at(-1)?.form.get('code_verifier')
  assert.equal(redeemed, victim.pending.codeVerifier)
})
