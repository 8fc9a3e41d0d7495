/** What can be tried with an access token out of a log. */

import { encodeBase64url } from '../../core/jose.ts'
import { isJsonObject } from '../../core/names.ts'
import { type Attempted, send } from '../thief.ts'
import type { Chapter, Scene, StolenCall } from './theft.ts'

/** Thefts of tokens and proofs, at the bank. */
export const tokenThefts: Chapter = {
  id: 'token',
  title: 'The stolen token',
  lede: 'Somebody left the app’s log on a train. In it: one call to the bank, word for word, with the access token and the proof that went along.',
  victim: 'person',
  stealsFrom: 'any_connection',
  thefts: [
    {
      id: 'token-as-bearer',
      name: 'a stolen token, sent as a bearer token',
      title: 'Send the token the old way',
      hope: 'That the bank still takes tokens like cash: whoever holds it, owns it.',
      attack: 'SK-39',
      expected: 'bound_token_sent_as_bearer',
      attempt: async ({ readAlong }) => {
        const { url, token } = await readAlong()
        return send(url, { headers: { authorization: `Bearer ${token}` } })
      },
    },
    {
      id: 'token-without-proof',
      name: 'a stolen token, without a proof',
      title: 'Leave the proof out',
      hope: 'That the proof is a courtesy, and nobody minds when it is missing.',
      attack: 'SK-39',
      expected: 'dpop_proof_missing',
      attempt: async ({ readAlong }) => {
        const { url, token } = await readAlong()
        return send(url, { headers: { authorization: `DPoP ${token}` } })
      },
    },
    {
      id: 'proof-replayed',
      name: 'a stolen token with the proof that came with it, once more',
      title: 'Play the whole call again',
      hope: 'That what worked a second ago works again: same token, same proof, same address.',
      attack: 'SK-30',
      expected: 'dpop_replayed',
      attempt: async ({ readAlong }) => present(await readAlong()),
    },
    {
      id: 'proof-of-the-thief',
      name: 'a stolen token with a proof by the key of the thief',
      title: 'Sign a proof of one’s own',
      hope: 'That a proof is a proof, whoever’s key it was made with.',
      attack: 'SK-38',
      expected: 'dpop_key_mismatch',
      attempt: async (scene) => withOwnProof(scene, await scene.readAlong()),
    },
    {
      id: 'proof-elsewhere',
      name: 'a stolen token and its proof, for another account',
      title: 'Point the call at another account',
      hope: 'That a proof for one address opens the door next to it as well.',
      attack: 'SK-36',
      expected: 'dpop_htu_mismatch',
      attempt: async ({ world, readAlong }) =>
        present({ ...(await readAlong()), url: `${world.bank}/accounts/savings-1001/balance` }),
    },
    {
      id: 'token-in-the-url',
      name: 'a stolen token in the URL',
      title: 'Put the token into the address',
      hope: 'That the bank reads tokens from the address bar, where every log on the way would have them.',
      attack: 'SK-46',
      expected: 'access_token_in_query',
      attempt: async ({ readAlong }) => {
        const { url, token } = await readAlong()
        return send(`${url}?access_token=${token}`)
      },
    },
    {
      id: 'token-with-more-scope',
      name: 'a stolen token with more scope written into it',
      title: 'Write “payments” into the token',
      hope: 'That nobody looks at the signature under a token that reads so nicely.',
      attack: 'SK-24',
      expected: 'access_token_signature_invalid',
      attempt: async (scene) => {
        const stolen = await scene.readAlong()
        return withOwnProof(scene, { ...stolen, token: withScope(stolen.token, 'accounts payments') })
      },
    },
  ],
}

function present({ url, token, proof }: StolenCall): Promise<Attempted> {
  return send(url, { headers: { authorization: `DPoP ${token}`, dpop: proof } })
}

/** With a fresh proof by the thief, and the nonce that is asked for. */
async function withOwnProof({ prove }: Scene, { url, token }: StolenCall): Promise<Attempted> {
  const attempt = async (nonce: string | undefined) =>
    present({ url, token, proof: await prove({ method: 'GET', url, nonce, token }) })
  const first = await attempt(undefined)
  return first.nonce === undefined ? first : attempt(first.nonce)
}

function withScope(token: string, scope: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const changed = { ...(isJsonObject(claims) ? claims : {}), scope }
  return `${header}.${encodeBase64url(JSON.stringify(changed))}.${signature}`
}
