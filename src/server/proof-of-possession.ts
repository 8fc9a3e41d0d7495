import { type DpopProof, verifyDpopProof as verifyProof } from '../core/dpop.ts'
import type { Confirmation } from '../core/confirmation.ts'
import type { ClientRecord } from '../core/client.ts'
import type { JwkThumbprint } from '../core/names.ts'
import { OAuthError, refuse } from '../core/oauth-error.ts'
import type { Once } from '../core/ports.ts'
import type { Call } from './call.ts'
import type { Server } from './server.ts'

/**
 * The key the client holds, proved for this request, or undefined when it sent no proof. Spends nothing.
 * @throws OAuthError dpop_*
 */
export async function verifyDpopProof(call: Call<unknown>, server: Server): Promise<DpopProof | undefined> {
  const unverified = call.presentedProof()
  if (unverified === undefined) return undefined
  const { nonces, verify, hash } = server
  const { method, url } = call
  const expected = { method, url, ath: undefined, nonces, now: call.now }
  const proof = await verifyProof(unverified, expected, { verify, hash })
  call.note({ evidence: { proofJti: proof.once.name } })
  return proof
}

/** What tokens will be bound to, and the proof that came along, whether or not it is what they are bound by. */
export type Possession = { readonly confirmation: Confirmation; readonly proof: DpopProof | undefined }

/**
 * What the tokens will be bound to, as the client is registered: no token leaves without it. A proof that is sent must
 * hold in any case. FAPI 2.0 SP §5.3.2.1-4, -5.
 * @throws OAuthError dpop_proof_missing, dpop_*, binding_certificate_missing
 */
export async function requirePossession(
  client: ClientRecord,
  call: Call<unknown>,
  server: Server,
): Promise<Possession> {
  const proof = await verifyDpopProof(call, server)
  if (client.binding === 'dpop') {
    if (proof === undefined) return refuse('dpop_proof_missing')
    return { confirmation: { kind: 'dpop', jkt: proof.thumbprint }, proof }
  }
  const { certificate } = call.connection
  if (certificate === undefined) return refuse('binding_certificate_missing')
  return { confirmation: { kind: 'certificate', x5tS256: certificate.thumbprint }, proof }
}

/**
 * The key a code will be bound to: named, proved, or both and then the same. RFC 9449 §10.1.
 * @throws OAuthError dpop_jkt_disagrees
 */
export function agreeOnDpopKey(
  named: JwkThumbprint | undefined,
  proof: DpopProof | undefined,
): JwkThumbprint | undefined {
  if (named !== undefined && proof !== undefined && named !== proof.thumbprint) refuse('dpop_jkt_disagrees')
  return named ?? proof?.thumbprint
}

/**
 * Spends everything that works only once, together, after every check has passed.
 * @throws OAuthError client_assertion_replayed, dpop_replayed
 */
export async function spendOnce(server: Server, ...entries: readonly (Once | undefined)[]): Promise<void> {
  const answer = await server.store.replay.spendOnce(entries.filter((entry) => entry !== undefined))
  if ('spent' in answer) return
  const { purpose } = answer.seen
  throw new OAuthError(purpose === 'dpop_proof' ? 'dpop_replayed' : 'client_assertion_replayed')
}
