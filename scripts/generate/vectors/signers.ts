import type { Signer } from '../../../src/core/ports.ts'
import { createSigner } from '../../../src/node/runtime.ts'
import type { VectorKey } from './keys.ts'

/** What signs with a published test key. */
export function signerOf({ privateKey, alg, kid }: VectorKey): Signer {
  return createSigner(privateKey, alg, kid)
}
