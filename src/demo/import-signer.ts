import { createPrivateKey } from 'node:crypto'
import type { PrivateJwk } from '../client/index.ts'
import type { Signer } from '../core/ports.ts'
import { createSigner } from '../node/runtime.ts'

/** A signer on a private P-256 JWK: whoever holds the key of an application signs as that application. */
export function importSigner({ kid, ...jwk }: PrivateJwk): Signer {
  return createSigner(createPrivateKey({ key: { ...jwk }, format: 'jwk' }), 'ES256', kid)
}
