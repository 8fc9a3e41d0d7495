/** What can be tried with an access token out of a log. */

import { encodeBase64url } from '../../core/jose.ts'
import { isJsonObject } from '../../core/names.ts'
import { type Attempted, send } from '../thief.ts'
import type { Scene, Theft } from './theft.ts'

/** Thefts of tokens and proofs, at the bank. */
export const tokenThefts: readonly Theft[] = [
  {
    name: 'a stolen token, sent as a bearer token',
    attack: 'SK-39',
    expected: 'bound_token_sent_as_bearer',
    attempt: ({ stolen }) => send(stolen.url, { headers: { authorization: `Bearer ${stolen.token}` } }),
  },
  {
    name: 'a stolen token, without a proof',
    attack: 'SK-39',
    expected: 'dpop_proof_missing',
    attempt: ({ stolen }) => send(stolen.url, { headers: { authorization: `DPoP ${stolen.token}` } }),
  },
  {
    name: 'a stolen token with the proof that came with it, once more',
    attack: 'SK-30',
    expected: 'dpop_replayed',
    attempt: ({ stolen }) => present(stolen.url, stolen.token, stolen.proof),
  },
  {
    name: 'a stolen token with a proof by the key of the thief',
    attack: 'SK-38',
    expected: 'dpop_key_mismatch',
    attempt: (scene) => withOwnProof(scene, scene.stolen.token),
  },
  {
    name: 'a stolen token and its proof, for another account',
    attack: 'SK-36',
    expected: 'dpop_htu_mismatch',
    attempt: ({ world, stolen }) => present(`${world.bank}/accounts/savings-1001/balance`, stolen.token, stolen.proof),
  },
  {
    name: 'a stolen token in the URL',
    attack: 'SK-46',
    expected: 'access_token_in_query',
    attempt: ({ stolen }) => send(`${stolen.url}?access_token=${stolen.token}`),
  },
  {
    name: 'a stolen token with more scope written into it',
    attack: 'SK-24',
    expected: 'access_token_signature_invalid',
    attempt: (scene) => withOwnProof(scene, withScope(scene.stolen.token, 'accounts payments')),
  },
]

function present(url: string, token: string, proof: string): Promise<Attempted> {
  return send(url, { headers: { authorization: `DPoP ${token}`, dpop: proof } })
}

/** With a fresh proof by the thief, and the nonce that is asked for. */
async function withOwnProof({ stolen, prove }: Scene, token: string): Promise<Attempted> {
  const attempt = async (nonce: string | undefined) =>
    present(stolen.url, token, await prove({ method: 'GET', url: stolen.url, nonce, token }))
  const first = await attempt(undefined)
  return first.nonce === undefined ? first : attempt(first.nonce)
}

function withScope(token: string, scope: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const changed = { ...(isJsonObject(claims) ? claims : {}), scope }
  return `${header}.${encodeBase64url(JSON.stringify(changed))}.${signature}`
}
