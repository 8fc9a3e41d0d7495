/**
 * How often somebody may ask: a token bucket for each source of requests, and one for each client at each endpoint.
 * RFC 6585 §4; RFC 9126 §2.3.
 */

import { networkOf } from '../core/ip-address.ts'
import { type ClientId, isLoopbackAddress, type NumericDate, seconds, type Seconds } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { Limits } from '../core/profile.ts'
import { ruleOf, type RuleSlug, type Step } from '../core/rules.ts'

/** The counts of one server. Whoever is told to wait was not counted. */
export type RateLimits = {
  /** Counts a request of an address; how long to wait when there were too many. */
  readonly arrives: (peerAddress: string, now: NumericDate) => Seconds | undefined
  /** A request of an address was refused: guessing is dearer than asking. */
  readonly failed: (peerAddress: string, now: NumericDate) => void
  /** Counts a request of an authenticated client at one endpoint; how long to wait when there were too many. */
  readonly admits: (client: ClientId, step: Step, now: NumericDate) => Seconds | undefined
}

/** How many addresses and clients are counted at once: about 150 bytes each. */
const remembered = { addresses: 20_000, clients: 20_000 } as const

/** What a request that was refused costs, the request itself included. */
const costOfFailure = 10

/**
 * Buckets that hold what may come in ten seconds, and fill up at the configured rate. Which address an address counts
 * for is told by `sourceOf`.
 */
export function createRateLimits({ perAddressPerMinute, perClientPerMinute }: Limits): RateLimits {
  const addresses = createBuckets(perAddressPerMinute, remembered.addresses)
  const clients = createBuckets(perClientPerMinute, remembered.clients)
  return {
    arrives: (peerAddress, now) => {
      const source = sourceOf(peerAddress)
      return source === undefined ? undefined : addresses.take(source, now)
    },
    failed: (peerAddress, now) => {
      const source = sourceOf(peerAddress)
      if (source !== undefined) addresses.charge(source, costOfFailure - 1, now)
    },
    admits: (client, step, now) => clients.take(`${step}\n${client}`, now),
  }
}

/**
 * Whom an address stands for: itself, and for IPv6 the /64 that one subscriber is given. A loopback peer is a proxy that
 * does not say for whom it speaks, and no source that could be told apart from others. RFC 6177 §2.
 */
export function sourceOf(peerAddress: string): string | undefined {
  if (isLoopbackAddress(peerAddress)) return undefined
  // What is no address is of bounded length too.
  return networkOf(peerAddress).slice(0, 64)
}

type Bucket = { level: number; at: NumericDate }

/** Buckets by name, the longest unused forgotten when there are more than `most`: a forgotten one is full again. */
export function createBuckets(perMinute: number, most: number) {
  const capacity = Math.ceil(perMinute / 6)
  const perSecond = perMinute / 60
  const buckets = new Map<string, Bucket>()
  const bucketOf = (name: string, now: NumericDate): Bucket => {
    const known = buckets.get(name)
    const bucket = known ?? { level: capacity, at: now }
    // A clock that was set back fills nothing and takes nothing.
    bucket.level = Math.min(capacity, bucket.level + Math.max(0, now - bucket.at) * perSecond)
    bucket.at = now
    if (known !== undefined) buckets.delete(name)
    buckets.set(name, bucket)
    if (buckets.size > most) forgetOldest(buckets)
    return bucket
  }
  return {
    /** Takes one request; how long until there is room for it when there is none. */
    take: (name: string, now: NumericDate): Seconds | undefined => {
      const bucket = bucketOf(name, now)
      if (bucket.level < 1) return seconds(Math.max(1, Math.ceil((1 - bucket.level) / perSecond)))
      bucket.level -= 1
      return undefined
    },
    /** Takes what is there, up to an amount. */
    charge: (name: string, amount: number, now: NumericDate): void => {
      const bucket = bucketOf(name, now)
      bucket.level = Math.max(0, bucket.level - amount)
    },
    size: () => buckets.size,
  }
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  for (const oldest of buckets.keys()) {
    buckets.delete(oldest)
    return
  }
}

/**
 * Whether a refusal is held against where it came from. What honest parties meet every day is not: the first request of
 * a key, a page that may not ask, a person who says no, and what is our own trouble. Nor is what people bring to the
 * operator's sign-in application: all of them would pay for it. Only who is not that application is held to it there.
 */
export function countsAsFailure(rule: RuleSlug, step: Step | 'metadata'): boolean {
  const { error, event } = ruleOf(rule)
  if (step === 'decision' && error !== 'invalid_client' && error !== 'unauthorized_client') return false
  return !everyday.includes(event)
}

const everyday: readonly unknown[] = [
  'none',
  'dpop.nonce.asked',
  'consent.refused',
  'state.failed_closed',
  'limit.exceeded',
]

/** @throws OAuthError rate_limited when there is something to wait for */
export function refuseWhileWaiting(
  wait: Seconds | undefined,
  cap: keyof Limits,
  note: (about: { readonly evidence: { readonly cap: string } }) => void,
): void {
  if (wait === undefined) return
  note({ evidence: { cap } })
  refuse('rate_limited', { expected: { retry_after: String(wait) } })
}
