/** How private keys rest in the store: AES-256-GCM under a key derived from the operator's. */

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Secret } from '../../core/names.ts'
import type { Random } from '../../core/ports.ts'
import { SigningKeysUnavailable } from './unavailable.ts'

/** Seals texts, and opens what was sealed under the same label. Holds its key where nobody can print it. */
export type Sealing = {
  readonly seal: (text: string, label: string) => string
  /** @throws SigningKeysUnavailable */
  readonly unseal: (sealed: string, label: string) => string
}

/** @throws SigningKeysUnavailable when the secret is not 32 bytes in base64url or hex */
export function createSealing(secret: Secret, random: Random): Sealing {
  const key = deriveKey(secret, 'strongroom: sealing of signing keys, v1')
  return {
    seal: (text, label) => seal(text, key, additionalData(label), random),
    unseal: (sealed, label) => unseal(sealed, key, additionalData(label)),
  }
}

/**
 * A key of its own for one purpose, so that the operator's key may serve several.
 * @throws SigningKeysUnavailable when the secret is not 32 bytes in base64url or hex
 */
export function deriveKey(secret: Secret, purpose: string): Buffer {
  const text = secret.reveal().trim()
  const encoding = /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64url'
  const bytes = Buffer.from(text, encoding)
  if (encoding === 'base64url' && bytes.toString('base64url') !== text) {
    throw new SigningKeysUnavailable('sealing_key_malformed')
  }
  if (bytes.length !== 32) throw new SigningKeysUnavailable('sealing_key_malformed')
  return Buffer.from(hkdfSync('sha256', bytes, '', purpose, 32))
}

const version = 'v1'
const ivBytes = 12
const tagBytes = 16

/** What is sealed opens only under the label it was sealed with. */
function additionalData(label: string): Buffer {
  return Buffer.from(`${version} ${label}`)
}

/** `v1.` nonce `.` ciphertext and tag, base64url. */
function seal(text: string, key: Buffer, aad: Buffer, random: Random): string {
  const iv = Buffer.from(random(ivBytes), 'base64url')
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  cipher.setAAD(aad)
  const sealed = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  return `${version}.${iv.toString('base64url')}.${sealed.toString('base64url')}`
}

function unseal(sealed: string, key: Buffer, aad: Buffer): string {
  const [name, iv = '', data = '', ...more] = sealed.split('.')
  const bytes = Buffer.from(data, 'base64url')
  if (name !== version || more.length > 0 || bytes.length <= tagBytes) throw new SigningKeysUnavailable('key_altered')
  try {
    const nonce = Buffer.from(iv, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(aad)
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString()
  } catch (cause) {
    throw new SigningKeysUnavailable('sealing_key_wrong', cause)
  }
}
