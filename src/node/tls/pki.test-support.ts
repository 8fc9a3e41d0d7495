/** A certificate authority for tests: valid chains, of which a test then breaks one thing. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { DistinguishedName } from '../../core/certificate.ts'
import { parseDistinguishedName } from '../../core/distinguished-name.ts'
import { numericDate } from '../../core/names.ts'
import { random } from '../runtime.ts'
import { elementsOf, encode, readOnly, tags } from './der.ts'
import { basicConstraints, extendedKeyUsage, keyUsage, makeCertificate, pemOf, purposes } from './make-certificate.ts'

/** The time at which everything here is valid. */
export const now = numericDate(1_800_000_000)
const day = 86_400

export type Party = {
  readonly name: DistinguishedName
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly der: Uint8Array
  readonly pem: string
  readonly keyPem: string
}

export type Wishes = {
  readonly name?: string
  readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly notBefore?: number
  readonly notAfter?: number
  readonly extensions?: readonly Uint8Array[]
}

export function ecKeys(namedCurve = 'P-256') {
  return generateKeyPairSync('ec', { namedCurve })
}

function make(
  issuer: Pick<Party, 'name' | 'privateKey'> | undefined,
  wishes: Wishes,
  extensions: readonly Uint8Array[],
): Party {
  const { publicKey, privateKey } = wishes.keys ?? ecKeys()
  const name = parseDistinguishedName(wishes.name ?? 'CN=client')
  const der = makeCertificate(
    {
      subject: name,
      publicKey,
      issuer: issuer ?? { name, privateKey },
      notBefore: wishes.notBefore ?? now - day,
      notAfter: wishes.notAfter ?? now + day,
      extensions: wishes.extensions ?? extensions,
    },
    random,
  )
  const keyPem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return { name, privateKey, publicKey, der, pem: pemOf(der), keyPem }
}

/** A root of its own. */
export function aRoot(wishes: Wishes = {}): Party {
  return make(undefined, { name: 'CN=root', ...wishes }, [basicConstraints(), keyUsage(0x06)])
}

/** A CA under another one. */
export function aCa(issuer: Party, wishes: Wishes = {}): Party {
  return make(issuer, { name: 'CN=intermediate', ...wishes }, [basicConstraints(), keyUsage(0x06)])
}

/** A certificate of a client. */
export function aClient(issuer: Party | undefined, wishes: Wishes = {}): Party {
  return make(issuer, wishes, [keyUsage(0x80), extendedKeyUsage(purposes.clientAuth)])
}

/** The certificate with its parts changed, signed again by `key`. */
export function altered(
  der: Uint8Array,
  key: KeyObject,
  change: { readonly tbs?: (parts: Uint8Array[]) => readonly Uint8Array[]; readonly algorithm?: Uint8Array },
): Uint8Array {
  const [tbs, algorithm] = elementsOf(readOnly(der, tags.sequence))
  if (tbs === undefined || algorithm === undefined) throw new Error('no certificate')
  const parts = elementsOf(tbs).map(({ whole }) => whole)
  const named = change.algorithm ?? algorithm.whole
  const withAlgorithm = change.algorithm === undefined ? parts : parts.map((part, at) => (at === 2 ? named : part))
  const written = encode(tags.sequence, ...(change.tbs?.(withAlgorithm) ?? withAlgorithm))
  const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', written, key)
  return encode(tags.sequence, written, named, encode(tags.bitString, Uint8Array.of(0), signature))
}
