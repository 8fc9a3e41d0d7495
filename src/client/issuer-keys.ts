/** The published keys of an issuer, as a client remembers them. RFC 7517; OIDC Core §10.1.1. */

import { encodeBase64url, parseIssuerKeySet } from '../core/jose.ts'
import type { PublicKey } from '../core/keys.ts'
import { type NumericDate, sha256Digest } from '../core/names.ts'
import type { Hash } from '../core/ports.ts'
import { readJson } from './documents.ts'
import { fail } from './errors.ts'
import type { ClientPorts } from './ports.ts'

/** Seconds for which keys are believed without looking again. */
const fresh = 300

/** Seconds between two looks, whatever names of keys strangers invent. */
const pause = 30

/** A key set that is looked up again when it is old, or has no key of some name. */
export class IssuerKeys {
  readonly #url: string
  readonly #ports: ClientPorts
  #keys: readonly PublicKey[] = []
  #readAt: NumericDate | undefined

  constructor(url: string, ports: ClientPorts) {
    this.#url = url
    this.#ports = ports
  }

  /**
   * The keys, those of `kid` among them if there are any.
   * @throws ClientError metadata_unavailable, metadata_malformed
   */
  async withKid(kid: unknown): Promise<readonly PublicKey[]> {
    const now = this.#ports.clock()
    const age = this.#readAt === undefined ? Infinity : Math.abs(now - this.#readAt)
    const isKnown = kid === undefined || this.#keys.some((key) => key.kid === kid)
    if (age >= (isKnown ? fresh : pause)) {
      this.#keys = await this.#read()
      this.#readAt = now
    }
    return this.#keys
  }

  async #read(): Promise<readonly PublicKey[]> {
    const { digest, fetch } = this.#ports
    const hash: Hash = (text) => sha256Digest(encodeBase64url(digest('SHA-256', text)))
    const document = await readJson(this.#url, fetch)
    try {
      return parseIssuerKeySet(document, hash)
    } catch {
      return fail('metadata_malformed', { detail: 'jwks_uri' })
    }
  }
}
