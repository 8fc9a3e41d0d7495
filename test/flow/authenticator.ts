/** An authenticator in software: it makes passkeys and answers challenges, and can be told to do so wrongly. */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../../src/core/names.ts'

/** What an authenticator or a browser does otherwise than it should. */
export type Quirks = {
  readonly origin?: string
  readonly rpId?: string
  readonly type?: string
  readonly challenge?: string
  readonly crossOrigin?: boolean
  readonly topOrigin?: string
  readonly flags?: number
  readonly counter?: number
  readonly userHandle?: string | null
  /** Signs with a key that has nothing to do with the credential. */
  readonly key?: 'another'
  readonly credentialId?: string
  /** In place of no attestation. */
  readonly attestation?: readonly [format: string, statement: CborMap]
}

const present = 0x01
const verified = 0x04
const backupEligible = 0x08
const backedUp = 0x10
const attested = 0x40

/** The flags of an authenticator that made sure of nobody. WebAuthn §6.1. */
export const flagsWithout = { verification: present, presence: verified } as const

const algorithms = { ES256: -7, EdDSA: -8, RS256: -257 } as const

/** How an authenticator is made. */
export type Make = {
  readonly alg?: keyof typeof algorithms
  readonly backup?: 'device_bound' | 'eligible' | 'backed_up'
  /** Where the counter starts; it never counts when there is none. */
  readonly counter?: number
  readonly origin?: string
  readonly copyOf?: Authenticator
}

/** One passkey, in one authenticator. */
export type Authenticator = {
  readonly credentialId: string
  readonly keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  /** Under whom the passkey is filed. */
  readonly memory: { userHandle: string }
  /** navigator.credentials.create: the JSON of the new credential. */
  readonly create: (options: string, quirks?: Quirks) => string
  /** navigator.credentials.get: the JSON of the assertion. */
  readonly get: (options: string, quirks?: Quirks) => string
}

/** A new one, or a copy of another. */
export function anAuthenticator({
  alg = 'ES256',
  backup = 'device_bound',
  counter,
  origin,
  copyOf,
}: Make = {}): Authenticator {
  const { privateKey, publicKey } = copyOf?.keys ?? newKeys(alg)
  const credentialId = copyOf?.credentialId ?? randomBytes(16).toString('base64url')
  const backupFlags = { device_bound: 0, eligible: backupEligible, backed_up: backupEligible | backedUp }[backup]
  const memory = copyOf?.memory ?? { userHandle: randomBytes(32).toString('base64url') }
  let uses = counter
  const count = () => {
    if (uses === undefined) return 0
    uses += 1
    return uses
  }
  const clientDataOf = (type: string, options: JsonObject, quirks: Quirks) =>
    Buffer.from(
      JSON.stringify({
        type: quirks.type ?? type,
        challenge: quirks.challenge ?? options['challenge'],
        origin: quirks.origin ?? origin ?? 'https://as.example',
        crossOrigin: quirks.crossOrigin ?? false,
        ...(quirks.topOrigin === undefined ? {} : { topOrigin: quirks.topOrigin }),
      }),
    )
  const dataOf = (rpId: unknown, flags: number, quirks: Quirks, more: readonly Buffer[] = []) => {
    const counted = Buffer.alloc(4)
    counted.writeUInt32BE(quirks.counter ?? count())
    return Buffer.concat([digest(quirks.rpId ?? String(rpId)), Buffer.from([flags]), counted, ...more])
  }
  return {
    credentialId,
    keys: { privateKey, publicKey },
    memory,
    create: (text, quirks = {}) => {
      const options = read(text)
      const user = members(options['user'])
      memory.userHandle = String(user['id'])
      const clientData = clientDataOf('webauthn.create', options, quirks)
      const id = Buffer.from(quirks.credentialId ?? credentialId, 'base64url')
      const length = Buffer.alloc(2)
      length.writeUInt16BE(id.length)
      const flags = (quirks.flags ?? present | verified) | backupFlags | attested
      const credential = [Buffer.alloc(16), length, id, cbor(coseKey(publicKey, alg))]
      const authData = dataOf(members(options['rp'])['id'], flags, quirks, credential)
      const [fmt, attStmt] = quirks.attestation ?? ['none', new Map()]
      const object = cbor(
        new Map<string, Cbor>([
          ['fmt', fmt],
          ['attStmt', attStmt],
          ['authData', authData],
        ]),
      )
      return answer(credentialId, {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: object.toString('base64url'),
        transports: ['internal', 'of another world'],
      })
    },
    get: (text, quirks = {}) => {
      const options = read(text)
      const clientData = clientDataOf('webauthn.get', options, quirks)
      const authData = dataOf(options['rpId'], (quirks.flags ?? present | verified) | backupFlags, quirks)
      const key = quirks.key === 'another' ? newKeys(alg).privateKey : privateKey
      const signature = sign(alg === 'EdDSA' ? null : 'sha256', Buffer.concat([authData, digest(clientData)]), key)
      const { userHandle = memory.userHandle } = quirks
      return answer(quirks.credentialId ?? credentialId, {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(userHandle === null ? {} : { userHandle }),
      })
    },
  }
}

function newKeys(alg: keyof typeof algorithms): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  return alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function answer(id: string, response: JsonObject): string {
  return JSON.stringify({
    id,
    rawId: id,
    type: 'public-key',
    authenticatorAttachment: 'platform',
    clientExtensionResults: { credProps: { rk: true } },
    response,
  })
}

function digest(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest()
}

function read(text: string): JsonObject {
  return members(JSON.parse(text))
}

function members(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw new TypeError(`not an object: ${String(value)}`)
  return value
}

/** The key as COSE. RFC 9053 §7. */
function coseKey(publicKey: KeyObject, alg: keyof typeof algorithms): CborMap {
  const jwk = publicKey.export({ format: 'jwk' })
  const part = (name: 'x' | 'y' | 'n' | 'e') => Buffer.from(jwk[name] ?? '', 'base64url')
  const key = new Map<number, Cbor>([[3, algorithms[alg]]])
  if (alg === 'ES256') return key.set(1, 2).set(-1, 1).set(-2, part('x')).set(-3, part('y'))
  if (alg === 'EdDSA') return key.set(1, 1).set(-1, 6).set(-2, part('x'))
  return key.set(1, 3).set(-1, part('n')).set(-2, part('e'))
}

export type CborMap = ReadonlyMap<string | number, Cbor>
type Cbor = number | string | Buffer | CborMap | readonly Cbor[]

/** As much of RFC 8949 as passkeys need. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if (value instanceof Map) {
    return Buffer.concat([head(5, value.size), ...[...value].flatMap(([name, member]) => [cbor(name), cbor(member)])])
  }
  const entries = [...(Array.isArray(value) ? value : [])]
  return Buffer.concat([head(4, entries.length), ...entries.map(cbor)])
}

function head(kind: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(kind << 5) | size])
  if (size < 256) return Buffer.from([(kind << 5) | 24, size])
  return Buffer.from([(kind << 5) | 25, size >> 8, size & 0xff])
}
