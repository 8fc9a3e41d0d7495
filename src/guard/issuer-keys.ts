/** The keys of an issuer, found through its metadata, remembered for a while, asked for rarely. RFC 8414; LV-10, LV-11. */

import type { TrustedIssuer } from '../core/access-token.ts'
import { candidateKeys, parseIssuerKeySet, type PublicKey } from '../core/jose.ts'
import { metadataPaths } from '../core/metadata.ts'
import type { Issuer, NumericDate } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { Clock, FetchJson, Hash } from '../core/ports.ts'
import { signingAlgorithms } from '../core/profile.ts'
import { IssuerMetadata, parseDocument } from '../core/wire/metadata.ts'

/** Spans in seconds. */
export const issuerKeyTimes = {
  /** How long keys count without looking again: a withdrawn key works for no longer while the issuer answers. */
  fresh: 300,
  /** How long keys count while the issuer cannot be read. */
  stale: 3600,
  /** After a look at the issuer, how long unknown keys cause no other. */
  unknownKey: 30,
  /** After a failed look, how long the failure stands. */
  failure: 5,
} as const

/** What the look-up asks of the world. */
export type IssuerKeysPorts = {
  readonly issuer: Issuer
  readonly fetchJson: FetchJson
  readonly clock: Clock
  readonly hash: Hash
}

/** How the keys of an issuer stand: read lately, still served though the issuer cannot be read, or not there. */
export type IssuerKeyState = 'fresh' | 'stale' | 'unavailable'

/** A trusted issuer whose keys come from its metadata. */
export type IssuerKeys = TrustedIssuer & {
  /** Looks at the issuer, when that is due, and says how its keys stand. Never throws. */
  readonly state: () => Promise<IssuerKeyState>
}

type Known = { readonly keys: readonly PublicKey[]; readonly at: NumericDate }

/**
 * The keys of one issuer. One look at a time; an unknown key causes at most one look in `unknownKey` seconds, a failure
 * stands for `failure` seconds. While the issuer fails, keys read within `stale` seconds go on counting.
 */
export function createIssuerKeys(ports: IssuerKeysPorts): IssuerKeys {
  const { issuer, clock } = ports
  let known: Known | undefined
  let failed: { readonly cause: unknown } | undefined
  let lookedAt: NumericDate | undefined
  let underWay: Promise<void> | undefined

  // A clock that steps back must not stretch a span, so the distance counts in both directions.
  const isWithin = (span: number, at: NumericDate | undefined) => at !== undefined && Math.abs(clock() - at) < span
  const isFresh = () => isWithin(issuerKeyTimes.fresh, known?.at)
  const usable = () => (isWithin(issuerKeyTimes.stale, known?.at) ? known?.keys : undefined)

  const look = async () => {
    try {
      const keys = await readKeys(ports)
      known = { keys, at: clock() }
      failed = undefined
    } catch (cause) {
      failed = { cause }
    } finally {
      lookedAt = clock()
      underWay = undefined
    }
  }
  const lookUnlessWithin = async (coolDown: number) => {
    if (underWay === undefined && isWithin(coolDown, lookedAt)) return
    underWay ??= look()
    await underWay
  }
  const current = async () => {
    if (!isFresh()) {
      const looking = lookUnlessWithin(failed === undefined ? 0 : issuerKeyTimes.failure)
      // While keys still count, nobody waits for an issuer that failed the last time.
      if (failed === undefined || usable() === undefined) await looking
    }
    return usable() ?? refuse('issuer_unavailable', { cause: failed?.cause, detail: problemOf(failed?.cause) })
  }

  return {
    issuer,
    algorithms: signingAlgorithms,
    keys: async (wanted) => {
      const found = candidateKeys(await current(), wanted)
      if (found.length > 0) return found
      await lookUnlessWithin(issuerKeyTimes.unknownKey)
      return candidateKeys(usable() ?? [], wanted)
    },
    state: async () => {
      if (!isFresh()) await lookUnlessWithin(issuerKeyTimes.failure)
      if (isFresh()) return 'fresh'
      return usable() === undefined ? 'unavailable' : 'stale'
    },
  }
}

/** For the operator only. */
function problemOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown'
}

async function readKeys({ issuer, fetchJson, hash }: IssuerKeysPorts): Promise<readonly PublicKey[]> {
  const { jwksUri } = await findMetadata(issuer, fetchJson)
  checkJwksUri(new URL(jwksUri), new URL(issuer))
  return parseIssuerKeySet(await fetchJson(jwksUri), hash)
}

/** RFC 8414 §3 first, then OIDC Discovery §4. */
async function findMetadata(issuer: Issuer, fetchJson: FetchJson): Promise<{ readonly jwksUri: string }> {
  const { origin } = new URL(issuer)
  const { oauth, openid } = metadataPaths(issuer)
  try {
    return await readMetadata(`${origin}${oauth}`, issuer, fetchJson)
  } catch (first) {
    try {
      return await readMetadata(`${origin}${openid}`, issuer, fetchJson)
    } catch (second) {
      const problems = `${problemOf(first)}; ${problemOf(second)}`
      throw new AggregateError([first, second], `no metadata of the issuer can be used: ${problems}`)
    }
  }
}

/** The name in the document is the name that was asked for, to the letter. RFC 8414 §3.3. */
async function readMetadata(url: string, issuer: Issuer, fetchJson: FetchJson): Promise<{ readonly jwksUri: string }> {
  const metadata = parseDocument(IssuerMetadata, await fetchJson(url))
  if (metadata.issuer !== issuer) throw new TypeError('metadata: issuer: names another issuer')
  return metadata
}

/** https, wherever it is; http only for an issuer that is itself http on a loopback host, and on its origin. */
function checkJwksUri(jwksUri: URL, issuer: URL): void {
  if (jwksUri.username !== '' || jwksUri.password !== '') throw new TypeError('metadata: jwks_uri: holds a credential')
  if (jwksUri.protocol === 'https:') return
  if (jwksUri.protocol !== 'http:' || jwksUri.origin !== issuer.origin) {
    throw new TypeError('metadata: jwks_uri: is neither https nor on the origin of a loopback issuer')
  }
}
