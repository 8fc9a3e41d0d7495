/** What only the operator can look at: the signing keys in the store, and the trust anchors. */

import { seconds } from '../../core/names.ts'
import type { KeyStore } from '../../core/ports.ts'
import type { Config } from '../config/index.ts'
import { listKeys } from '../keys/manage.ts'
import { openTrustAnchors } from '../tls/trust-anchors.ts'
import { random, sha256, systemClock } from '../runtime.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'

/** Looks at no private part. @throws TrustAnchorsUnavailable */
export async function examineOwn(config: Config, store: KeyStore): Promise<readonly Finding[]> {
  return [...(await examineKeys(config, store)), ...(await examineAnchors(config))]
}

const soon = seconds(30 * 86_400)

/** The authorities that name clients, and when they end. RFC 8705 §2.1. */
async function examineAnchors({ clientCertificates }: Config): Promise<readonly Finding[]> {
  const { trustAnchors: files } = clientCertificates
  if (files.length === 0) return []
  const { expiring } = await openTrustAnchors({ source: { files } })
  const now = systemClock()
  const ending = expiring(now, soon).map(({ name, notAfter }) => {
    const what = notAfter <= now ? `the trust anchor ${name} has ended` : `the trust anchor ${name} ends within 30 days`
    const hint = 'Add the next certificate of the authority beside it; the files are read again when they change.'
    return notAfter <= now ? bad('certificates', what, hint) : doubtful('certificates', what, hint)
  })
  return ending.length > 0 ? ending : [good('certificates', 'no trust anchor ends within 30 days')]
}

/** Whether every algorithm has a key that signs. */
async function examineKeys({ keys }: Config, store: KeyStore): Promise<readonly Finding[]> {
  const { algorithms, schedule } = keys
  const listed = await listKeys({ store, algorithms, schedule, clock: systemClock, random, hash: sha256 })
  const active = new Set(listed.filter(({ state }) => state === 'active').map(({ alg }) => alg))
  const missing = algorithms.filter((alg) => !active.has(alg))
  if (missing.length > 0) {
    return [bad('keys', `nothing signs with ${missing.join(', ')}`, 'Start the server, or `strongroom key rotate`.')]
  }
  const next = listed.filter(({ state }) => state === 'next').length
  const waiting = next === 0 ? 'the next ones are made when they are due' : `${next} waiting to become active`
  return [good('keys', `every algorithm has a key that signs; ${waiting}`)]
}
