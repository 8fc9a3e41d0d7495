/** The keys of clients that publish them: fetched, remembered for a while, asked for rarely. RFC 7591 §2; LV-10, SK-09. */

import { candidateKeys } from '../core/jose.ts'
import type { ClientId, NumericDate } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { ClientKeys, ClientKeySet, Clock, FetchJson, Hash, WantedKey } from '../core/ports.ts'
import { BoundedMap } from './bounded-map.ts'
import { changeOf, isKeySet, type NamedKey, parseClientKeySet } from './client-key-set.ts'

/** Spans in seconds. */
export const clientKeyTimes = {
  /** How long keys count without looking again: a withdrawn key works for no longer while its host answers. */
  fresh: 300,
  /** How long keys count while their host cannot be read, so that its outage does not lock the client out. */
  stale: 3600,
  /** After a look, how long keys that are not in the set cause no other. */
  unknownKey: 60,
  /** How long the first failed look stands; twice as long after each further one. */
  failure: 5,
  /** How long a failed look stands at most. */
  failureMost: 300,
} as const

/** How many asked for unknown keys in vain during one cool-down, before somebody is told. */
export const unknownKeyStorm = 30

/** What the look-up asks of the world. */
export type ClientKeysOptions = {
  /** The open egress gate: the URL is the client's. */
  readonly fetchJson: FetchJson
  readonly clock: Clock
  readonly hash: Hash
  /** Takes note that a fetched set differs from the one before it; must not throw. */
  readonly onChange: (
    clientId: ClientId,
    change: { readonly added: readonly NamedKey[]; readonly removed: readonly NamedKey[] },
  ) => void
  /** Takes note, once in `unknownKey` seconds, that `unknownKeyStorm` asked for keys a client has not; must not throw. */
  readonly onStorm: (clientId: ClientId) => void
  /** How many clients are remembered at most, 2,000 unless given. */
  readonly most?: number
}

/** What is known of one client's published keys. */
type Entry = {
  readonly uri: string
  known: { readonly set: ClientKeySet; readonly at: NumericDate } | undefined
  lookedAt: NumericDate | undefined
  /** Failed looks since the last that was none. */
  failures: number
  cause: unknown
  /** Those who asked for an unknown key and caused no look. */
  inVain: { readonly since: NumericDate; readonly count: number } | undefined
  underWay: Promise<void> | undefined
}

/**
 * The keys of any client: as registered, or from its registered `jwks_uri` and nowhere else.
 *
 * One look at a time for each client; keys that are not in its set cause at most one in `unknownKey` seconds, and a
 * failure stands for `failure` seconds and then longer. A set that was read takes the place of the one before: what is
 * not in it is gone, and a set that is refused leaves nothing. While the host cannot be read, or sends no set, keys read
 * within `stale` seconds go on counting.
 * @throws RangeError when `most` is not a positive whole number
 */
export function createClientKeys(options: ClientKeysOptions): ClientKeys {
  const entries = new BoundedMap<ClientId, Entry>(options.most ?? 2000)
  const published = createPublishedKeys(options)
  return async (client, wanted) => {
    const { clientId, jwksUri, keys, certificates, encryptionKeys } = client
    if (jwksUri === undefined) return { keys, certificates, encryptionKeys }
    const known = entries.get(clientId)
    // Keys from where the client no longer points are no keys of it.
    const entry = known?.uri === jwksUri ? known : unread(jwksUri)
    if (entry !== known) entries.set(clientId, entry)
    return published(clientId, entry, wanted)
  }
}

function unread(uri: string): Entry {
  const nothing = { known: undefined, lookedAt: undefined, cause: undefined, inVain: undefined, underWay: undefined }
  return { uri, failures: 0, ...nothing }
}

function createPublishedKeys(
  options: ClientKeysOptions,
): (clientId: ClientId, entry: Entry, wanted: WantedKey) => Promise<ClientKeySet> {
  const { clock } = options
  // A clock that steps back must not stretch a span, so the distance counts in both directions.
  const isWithin = (span: number, at: NumericDate | undefined) => at !== undefined && Math.abs(clock() - at) < span
  const usable = ({ known }: Entry) => (isWithin(clientKeyTimes.stale, known?.at) ? known?.set : undefined)

  const lookUnlessWithin = async (coolDown: number, clientId: ClientId, entry: Entry) => {
    if (entry.underWay === undefined && isWithin(coolDown, entry.lookedAt)) return 'too early'
    entry.underWay ??= look(clientId, entry, options).finally(() => {
      entry.underWay = undefined
    })
    await entry.underWay
    return 'looked'
  }
  const countInVain = (clientId: ClientId, entry: Entry) => {
    const { since, count } =
      entry.inVain !== undefined && isWithin(clientKeyTimes.unknownKey, entry.inVain.since)
        ? entry.inVain
        : { since: clock(), count: 0 }
    entry.inVain = { since, count: count + 1 }
    if (count + 1 === unknownKeyStorm) options.onStorm(clientId)
  }
  return async (clientId, entry, wanted) => {
    if (!isWithin(clientKeyTimes.fresh, entry.known?.at)) {
      const hasFailed = entry.failures > 0
      const looking = lookUnlessWithin(failureSpan(entry), clientId, entry)
      // While keys still count, nobody waits for a host that failed the last time.
      if (!hasFailed || usable(entry) === undefined) await looking
    }
    const set = usable(entry) ?? refuseFor(entry)
    if (fits(set, wanted)) return set
    const coolDown = Math.max(clientKeyTimes.unknownKey, failureSpan(entry))
    const looked = await lookUnlessWithin(coolDown, clientId, entry)
    if (looked === 'too early' && wanted.use === 'sig') countInVain(clientId, entry)
    return usable(entry) ?? refuseFor(entry)
  }
}

function refuseFor({ cause }: Entry): never {
  return refuse('client_keys_unavailable', { cause, detail: cause instanceof Error ? cause.message : 'unknown' })
}

/** How long the failures so far stand. */
function failureSpan({ failures }: Entry): number {
  if (failures === 0) return 0
  return Math.min(clientKeyTimes.failure * 2 ** (failures - 1), clientKeyTimes.failureMost)
}

function fits(set: ClientKeySet, wanted: WantedKey): boolean {
  switch (wanted.use) {
    case 'sig':
      return candidateKeys(set.keys, wanted).length > 0
    case 'certificate':
      return set.certificates.includes(wanted.thumbprint)
    case 'enc':
      return set.encryptionKeys.length > 0
  }
}

/** Reads the set once. Never rejects: what went wrong stands in the entry. */
async function look(clientId: ClientId, entry: Entry, { fetchJson, clock, hash, onChange }: ClientKeysOptions) {
  const before = entry.known
  try {
    const document = await fetchJson(entry.uri)
    if (!isKeySet(document)) throw new SyntaxError('not a JWK set')
    entry.known = undefined
    entry.known = { set: parseClientKeySet(document, hash), at: clock() }
    entry.failures = 0
    entry.cause = undefined
  } catch (cause) {
    entry.failures += 1
    entry.cause = cause
  } finally {
    entry.lookedAt = clock()
  }
  const change = before === undefined ? undefined : changeOf(before.set, entry.known?.set, hash)
  if (change !== undefined) onChange(clientId, change)
}
