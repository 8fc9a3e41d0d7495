/** How a client proves who it is, and what its tokens are bound to: what it may register of that, checked strictly. */

import { parseDistinguishedName } from '../../core/distinguished-name.ts'
import type { CertificateName, ClientAuthenticationMethod, ClientRecord } from '../../core/client.ts'
import { canonicalIpAddress } from '../../core/ip-address.ts'
import { parseEncryptionKeys, parseKeySet } from '../../core/jose.ts'
import type { PublicKey } from '../../core/keys.ts'
import { isJsonObject, type JsonObject } from '../../core/names.ts'
import type { Hash } from '../../core/ports.ts'
import { profile, type SigningAlgorithm } from '../../core/profile.ts'
import { certificateOfKey } from '../key-certificates.ts'
import { calledUrlProblem } from './client-urls.ts'
import type { Note } from './problems.ts'

/** What a registration says about credentials, each member in its shape. */
export type CredentialMembers = {
  readonly token_endpoint_auth_method: ClientAuthenticationMethod
  readonly token_endpoint_auth_signing_alg: SigningAlgorithm | undefined
  readonly tls_client_auth_subject_dn: string | undefined
  readonly tls_client_auth_san_dns: string | undefined
  readonly tls_client_auth_san_uri: string | undefined
  readonly tls_client_auth_san_ip: string | undefined
  readonly tls_client_auth_san_email: string | undefined
  readonly jwks: JsonObject | undefined
  readonly jwks_uri: string | undefined
  readonly dpop_bound_access_tokens: boolean | undefined
  readonly tls_client_certificate_bound_access_tokens: boolean | undefined
}

/** What they are checked against. */
export type CredentialContext = {
  /** Whether this server asks for client certificates anywhere. */
  readonly certificates: 'asked for' | 'not asked for'
  readonly hash: Hash
  /** Whether a key is more than well formed: its point is on its curve. */
  readonly isUsable: (key: PublicKey) => boolean
}

/** What comes of them. */
export type Credentials = Pick<
  ClientRecord,
  'authMethod' | 'certificateName' | 'binding' | 'jwksUri' | 'keys' | 'certificates' | 'encryptionKeys'
>

/** Checks the members of a registration that concern credentials. */
export function checkCredentials(members: CredentialMembers, context: CredentialContext, note: Note): Credentials {
  const authMethod = members.token_endpoint_auth_method
  if (authMethod !== 'private_key_jwt' && context.certificates === 'not asked for') {
    note('token_endpoint_auth_method', 'needs an entrance of this server that asks for client certificates')
  }
  return {
    authMethod,
    certificateName: checkCertificateName(members, note),
    binding: checkBinding(members, context, note),
    ...checkKeys(members, context, note),
  }
}

const names = {
  tls_client_auth_subject_dn: 'dn',
  tls_client_auth_san_dns: 'dns',
  tls_client_auth_san_uri: 'uri',
  tls_client_auth_san_ip: 'ip',
  tls_client_auth_san_email: 'email',
} as const

/** Exactly one name for tls_client_auth, none for anything else. RFC 8705 §2.1.2. */
function checkCertificateName(members: CredentialMembers, note: Note): CertificateName | undefined {
  const given = nameMembers.filter((member) => members[member] !== undefined)
  const [member, ...more] = given
  if (members.token_endpoint_auth_method !== 'tls_client_auth') {
    if (member !== undefined) note(member, 'has no meaning without tls_client_auth')
    return undefined
  }
  if (member === undefined || more.length > 0) {
    note('tls_client_auth_subject_dn', `exactly one is needed of ${nameMembers.join(', ')}`)
    return undefined
  }
  const name = { kind: names[member], value: members[member] ?? '' }
  const problem = certificateNameProblem(name)
  if (problem !== undefined) note(member, problem)
  return name
}

const nameMembers = [
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
] as const

function certificateNameProblem({ kind, value }: CertificateName): string | undefined {
  switch (kind) {
    case 'dn':
      return isDistinguishedName(value) ? undefined : 'must be a distinguished name as RFC 4514 writes it'
    case 'dns':
      return /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(value)
        ? undefined
        : 'must be a host name, without wildcard'
    case 'uri':
      return URL.canParse(value) ? undefined : 'must be an absolute URI'
    case 'ip': {
      const canonical = canonicalIpAddress(value)
      if (canonical === undefined) return 'must be an IP address'
      return canonical === value ? undefined : `must be written as ${canonical}`
    }
    case 'email':
      return /^[\x21-\x3f\x41-\x7e]{1,64}@[\x21-\x3f\x41-\x7e]{1,253}$/.test(value)
        ? undefined
        : 'must be an e-mail address'
  }
}

function isDistinguishedName(text: string): boolean {
  try {
    return parseDistinguishedName(text).length > 0
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** One way to bind, never both. A client that authenticates by certificate is bound by it unless it says otherwise. */
function checkBinding(members: CredentialMembers, context: CredentialContext, note: Note): ClientRecord['binding'] {
  const { dpop_bound_access_tokens: dpop, tls_client_certificate_bound_access_tokens: certificate } = members
  if (dpop === true && certificate === true) {
    note('dpop_bound_access_tokens', 'excludes tls_client_certificate_bound_access_tokens: a token is bound one way')
  }
  const byCertificate = certificate ?? (dpop !== true && members.token_endpoint_auth_method !== 'private_key_jwt')
  if (certificate === true && context.certificates === 'not asked for') {
    note(
      'tls_client_certificate_bound_access_tokens',
      'needs an entrance of this server that asks for client certificates',
    )
  }
  return byCertificate ? 'certificate' : 'dpop'
}

const noKeys = { jwksUri: undefined, keys: [], certificates: [], encryptionKeys: [] } as const

type Keys = Pick<Credentials, 'jwksUri' | 'keys' | 'certificates' | 'encryptionKeys'>

function checkKeys(members: CredentialMembers, context: CredentialContext, note: Note): Keys {
  const { jwks, jwks_uri: jwksUri, token_endpoint_auth_method: method } = members
  if (jwks !== undefined && jwksUri !== undefined) {
    note('jwks_uri', 'excludes jwks: the keys stand in one place')
    return noKeys
  }
  if (jwksUri !== undefined) {
    const problem = calledUrlProblem(jwksUri)
    if (problem !== undefined) note('jwks_uri', problem)
    return { ...noKeys, jwksUri }
  }
  if (jwks === undefined) {
    // A name under a trusted authority needs no key of its own here.
    if (method !== 'tls_client_auth') note('jwks', 'is missing: its public keys, or jwks_uri, where they stand')
    return noKeys
  }
  return checkKeySet(jwks, members, context, note)
}

function checkKeySet(
  jwks: JsonObject,
  { token_endpoint_auth_method: method, token_endpoint_auth_signing_alg: alg }: CredentialMembers,
  { hash, isUsable }: CredentialContext,
  note: Note,
): Keys {
  const certificates = certificatesOf(jwks)
  if (method === 'self_signed_tls_client_auth' && certificates.length === 0) {
    note('jwks', 'holds no certificate: self_signed_tls_client_auth needs x5c with the certificate of a key of the set')
  }
  const read = method === 'private_key_jwt' ? { needed: 'a signature key' } : { needed: 'nothing' }
  try {
    const encryptionKeys = parseEncryptionKeys(jwks)
    const keys = read.needed === 'nothing' ? [] : parseKeySet(jwks, hash)
    if (!keys.every(isUsable)) note('jwks', 'a key is not on its curve')
    if (alg !== undefined && keys.length > 0 && keys.every((key) => key.alg !== alg)) {
      note('token_endpoint_auth_signing_alg', 'no key of the set is for it')
    }
    return { jwksUri: undefined, keys, certificates, encryptionKeys }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const expected = `1 to ${profile.clientKeys} public keys: P-256, Ed25519, or RSA of 2048 to 4096 bits`
    note('jwks', `${error.message} (${expected})`)
    return noKeys
  }
}

function certificatesOf({ keys }: JsonObject): ClientRecord['certificates'] {
  if (!Array.isArray(keys)) return []
  const jwks: readonly unknown[] = keys
  return jwks.flatMap((jwk) => (isJsonObject(jwk) ? (certificateOfKey(jwk) ?? []) : []))
}
