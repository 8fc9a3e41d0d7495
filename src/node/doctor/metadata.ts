/** What a client reads in the metadata and the key set of an issuer, held against the profile. */

import { parseIssuerKeySet } from '../../core/jose.ts'
import { isJsonObject, type Issuer, type JsonObject } from '../../core/names.ts'
import type { Hash } from '../../core/ports.ts'
import { signingAlgorithms } from '../../core/profile.ts'
import { bad, type Finding, good } from './finding.ts'

const methods: readonly unknown[] = ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']
const algorithms: readonly unknown[] = signingAlgorithms

/** Everything the document must say, and must not. FAPI 2.0 SP §5.3.2; RFC 8414 §3.3. */
export function examineMetadata(document: unknown, issuer: Issuer, where: string): readonly Finding[] {
  if (!isJsonObject(document)) {
    return [
      bad('metadata', `${where} is no JSON object`, 'Look at what answers there: a proxy may serve another page.'),
    ]
  }
  return [
    document['issuer'] === issuer
      ? good('metadata', `${where} names the issuer`)
      : bad('metadata', `${where} names another issuer`, `Let the proxy pass this path to the server of ${issuer}.`),
    ...flags(document),
    ...listed(document),
    ...addresses(document, issuer),
  ]
}

function flags(document: JsonObject): readonly Finding[] {
  const wanted = ['require_pushed_authorization_requests', 'authorization_response_iss_parameter_supported']
  return [
    ...wanted.map((name) =>
      document[name] === true
        ? good('metadata', `${name} is true`)
        : bad('metadata', `${name} is not true`, 'This is not the document of a Strongroom server.'),
    ),
    ...only(document, 'response_types_supported', ['code']),
    ...only(document, 'code_challenge_methods_supported', ['S256']),
  ]
}

function listed(document: JsonObject): readonly Finding[] {
  const lists = Object.keys(document).filter((name) => name.endsWith('_signing_alg_values_supported'))
  const ways = Object.keys(document).filter((name) => name.endsWith('_endpoint_auth_methods_supported'))
  return [
    ...lists.flatMap((name) => only(document, name, algorithms)),
    ...ways.flatMap((name) => only(document, name, methods)),
  ]
}

/** A list that is there, not empty, and holds nothing else. */
function only(document: JsonObject, name: string, allowed: readonly unknown[]): readonly Finding[] {
  const values: unknown = document[name]
  const fits = Array.isArray(values) && values.length > 0 && values.every((value: unknown) => allowed.includes(value))
  return fits
    ? [good('metadata', `${name} holds what the profile allows`)]
    : [bad('metadata', `${name} is missing, empty, or holds what the profile forbids`, 'Look for a stale cache.')]
}

function addresses(document: JsonObject, issuer: Issuer): readonly Finding[] {
  const { origin } = new URL(issuer)
  const strange = Object.entries(document)
    .filter(([name]) => name === 'jwks_uri' || name.endsWith('_endpoint'))
    .filter(([, url]) => typeof url !== 'string' || !URL.canParse(url) || new URL(url).origin !== origin)
  const aliases = isJsonObject(document['mtls_endpoint_aliases']) ? document['mtls_endpoint_aliases'] : {}
  const insecure = Object.values(aliases).filter(
    (url) => typeof url !== 'string' || !URL.canParse(url) || new URL(url).protocol !== 'https:',
  )
  return strange.length + insecure.length === 0
    ? [good('metadata', 'every endpoint is where the issuer is')]
    : [
        bad(
          'metadata',
          `an endpoint is on another origin: ${strange.map(([name]) => name).join(', ') || 'mtls'}`,
          'Set issuer.',
        ),
      ]
}

/** The key set: public, named, of the profile. RFC 7517 §4; FAPI 2.0 SP §5.4.2. */
export function examineKeySet(document: unknown, hash: Hash): readonly Finding[] {
  try {
    const keys = parseIssuerKeySet(document, hash)
    const names = keys.map(({ kid }) => kid)
    if (names.includes(undefined) || new Set(names).size < names.length) {
      return [
        bad('keys', 'the key set has keys without a kid of their own', 'Look for another server behind jwks_uri.'),
      ]
    }
    return [good('keys', `${keys.length} usable keys: ${[...new Set(keys.map(({ alg }) => alg))].join(', ')}`)]
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return [bad('keys', `the key set cannot be used: ${error.message}`, 'Look for another server behind jwks_uri.')]
  }
}
