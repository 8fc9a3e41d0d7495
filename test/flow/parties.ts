/** Keys as tests hold them. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type PublicKey, parsePublicKey } from '../../src/core/jose.ts'
import type { ClientId } from '../../src/core/names.ts'
import type { Signer } from '../../src/core/ports.ts'
import type { SigningAlgorithm } from '../../src/core/profile.ts'
import { createSigner, sha256 } from '../../src/node/runtime.ts'

/** A key pair. */
export type Party = {
  readonly key: PublicKey
  readonly signer: Signer
  readonly privateKey: KeyObject
}

/** A confidential client of the test. */
export type TestClient = Party & { readonly clientId: ClientId }

const kinds = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
} as const satisfies Record<SigningAlgorithm, unknown>

/** A new key pair. */
export function aParty(alg: SigningAlgorithm = 'ES256', kid?: string): Party {
  return partyOf(kinds[alg](), alg, kid)
}

/** The party that holds a private key. */
export function partyOf(privateKey: KeyObject, alg: SigningAlgorithm, kid: string | undefined): Party {
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }) }
  return { key: parsePublicKey(jwk, sha256), signer: createSigner(privateKey, alg, kid), privateKey }
}

/** The Ed25519 party of a number from 0 to 255: the same in every run. */
export function aKnownParty(number: number, kid?: string): Party {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, number)])
  return partyOf(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }), 'EdDSA', kid)
}
