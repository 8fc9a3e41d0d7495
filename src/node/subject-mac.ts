import type { Secret } from '../core/names.ts'
import type { Mac } from '../core/ports.ts'
import { deriveKey } from './keys/sealing.ts'
import { createMac } from './runtime.ts'

/**
 * Pairwise subjects: under a key of the operator, so that a person stays who they are across restarts. Without one, under
 * a key of the process. OIDC Core §8.1.
 * @throws SigningKeysUnavailable when the secret is not 32 bytes in base64url or hex
 */
export function createPairwiseMac(sealing: Secret | undefined): Mac {
  return createMac(sealing && deriveKey(sealing, 'strongroom: pairwise subjects, v1'))
}

/**
 * How security events name people: under a key of the operator, so that the same person is the same digest for ever, and
 * nobody else reads who. Without one, under a key of the process.
 * @throws SigningKeysUnavailable when the secret is not 32 bytes in base64url or hex
 */
export function createSubjectMac(sealing: Secret | undefined): Mac {
  return createMac(sealing && deriveKey(sealing, 'strongroom: subjects in security events, v1'))
}
