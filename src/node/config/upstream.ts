/** `signIn.upstream` and `signIn.passwords`: other OpenID providers that people sign in at, and whether passwords do, too. */

import * as v from 'valibot'
import { upstreamAcr } from '../../core/authentication-context.ts'
import { endpointUrl } from '../../core/metadata.ts'
import {
  hasPlainHost,
  isJsonObject,
  isLoopbackHost,
  issuer as issuerNamed,
  type Issuer,
  type JsonObject,
  orUndefined,
  Secret,
} from '../../core/names.ts'
import { readClientKey } from '../upstream/authentication.ts'
import type { UpstreamAuthentication, UpstreamConfig } from '../upstream/config.ts'
import { aText, localText, words } from './local-text.ts'
import type { Note } from './problems.ts'

const group = 'must be a group of keys'
const claimName = v.pipe(aText, v.regex(/^[\x21-\x7e]{1,128}$/, 'must be the name of a claim'))
const acrValue = v.pipe(aText, v.regex(/^[\x21-\x7e]{1,255}$/, 'must be visible ASCII without spaces'))
/** What our own sign-ins reach is never said of those elsewhere; a URN is the same in capitals. RFC 8141 §3.1. */
const acrHere = v.pipe(
  acrValue,
  v.check(
    (text) => text === upstreamAcr || !text.toLowerCase().startsWith('urn:strongroom:'),
    `is a name of this server: a sign-in elsewhere is ${upstreamAcr}, or what you name yourself`,
  ),
)
const scopeValue = v.pipe(aText, v.regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'must be a scope'))

const origin = v.pipe(
  aText,
  v.check(
    (text) => URL.canParse(text) && new URL(text).origin === text && isSafe(new URL(text)),
    'must be an https origin such as https://login.example (http for a loopback host only)',
  ),
)

function isSafe({ protocol, hostname }: URL): boolean {
  if (!hasPlainHost({ hostname })) return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}

const claims = v.pipe(
  v.optional(
    v.strictObject(
      {
        username: v.optional(claimName, 'preferred_username'),
        name: v.optional(claimName, 'name'),
        email: v.optional(claimName, 'email'),
      },
      group,
    ),
    {},
  ),
  v.description('Its claims that are taken over; an address only where `email_verified` is true. OIDC Core §5.1'),
)

const provider = v.strictObject(
  {
    id: v.pipe(
      aText,
      v.regex(/^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?$/, 'must be 1 to 20 of a to z, 0 to 9 and -'),
      v.check((id) => id !== 'app', 'is what people of signIn.app are known by: choose another name'),
      v.description('Your name of it. People are known by it for ever: never give it to another provider.'),
    ),
    name: v.pipe(localText(60), v.description('What people read on the button: a text, or one for each language.')),
    issuer: v.pipe(
      aText,
      v.check(
        (text) => orUndefined(() => issuerNamed(text)) !== undefined,
        'must be an https URL in its canonical spelling, without query and fragment (http for a loopback host only)',
      ),
      v.description('Its issuer identifier; the rest is discovered. OIDC Discovery §4'),
    ),
    clientId: v.pipe(aText, v.regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 visible characters')),
    clientSecret: v.pipe(v.optional(words(1024)), v.description('Secret: best as ${file:…}.')),
    privateKey: v.pipe(
      v.optional(v.pipe(aText, v.maxLength(16_384, 'is too long'))),
      v.description('Secret: a key of P-256 or RSA in PEM or JWK, in place of clientSecret; best as ${file:…}.'),
    ),
    keyId: v.pipe(
      v.optional(v.pipe(aText, v.regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible characters'))),
      v.description('The `kid` that the provider knows the key by, where a JWK does not say it.'),
    ),
    authentication: v.pipe(
      v.optional(
        v.picklist(['client_secret_basic', 'client_secret_post'], 'must be client_secret_basic or client_secret_post'),
      ),
      v.description('How the secret is sent; client_secret_basic unless set. A key is always proved. OIDC Core §9'),
    ),
    scope: v.pipe(
      v.optional(v.pipe(v.array(scopeValue, 'must be a list'), v.maxLength(32, 'must list at most 32 scopes')), [
        'openid',
        'profile',
        'email',
      ]),
      v.check((scope) => scope.includes('openid'), 'must list openid'),
    ),
    claims,
    acr: v.pipe(
      v.optional(v.record(acrValue, acrHere, group), {}),
      v.description('What its `acr` values are worth here; urn:strongroom:acr:upstream for those that are not listed.'),
    ),
    origins: v.pipe(
      v.optional(v.pipe(v.array(origin, 'must be a list'), v.maxLength(16, 'must list at most 16 origins')), []),
      v.description(
        'Origins besides that of the issuer that it has, where people pass through them or they are private.',
      ),
    ),
  },
  group,
)

/** The two keys, to stand in `signIn`. */
export const upstreamKeys = {
  passwords: v.pipe(
    v.optional(v.picklist(['offered', 'none'], 'must be offered or none'), 'offered'),
    v.description('Whether people may sign in with user name and password; `none` needs another provider.'),
  ),
  upstream: v.pipe(
    v.optional(v.pipe(v.array(provider, 'must be a list'), v.maxLength(16, 'must list at most 16 providers')), []),
    v.description('OpenID providers that people may sign in at. OIDC Core §3.1'),
  ),
} as const

type Provider = v.InferOutput<typeof provider>

/** The providers as the server wants them. */
export function upstreamOf(providers: readonly Provider[], of: Issuer): readonly UpstreamConfig[] {
  return providers.map((one) => ({
    id: one.id,
    name: one.name,
    issuer: issuerNamed(one.issuer),
    clientId: one.clientId,
    redirectUri: endpointUrl(of, `/upstream/${one.id}/callback`),
    authentication: authenticationOf(one),
    scope: one.scope,
    claims: one.claims,
    acr: one.acr,
    origins: one.origins,
  }))
}

function authenticationOf({ clientSecret = '', privateKey, keyId, authentication }: Provider): UpstreamAuthentication {
  return privateKey === undefined
    ? { method: authentication ?? 'client_secret_basic', secret: new Secret(clientSecret) }
    : { method: 'private_key_jwt', key: new Secret(privateKey), keyId }
}

/** What no single key can be wrong about. */
export function checkUpstream({ issuer, signIn }: JsonObject, note: Note): void {
  if (!isJsonObject(signIn)) return
  const { app, passwords, upstream = [] } = signIn
  const providers: readonly unknown[] = Array.isArray(upstream) ? upstream : []
  if (passwords === 'none' && providers.length === 0 && app === undefined) {
    note('signIn.passwords', 'must be offered: without a provider in signIn.upstream nobody could sign in')
  }
  const ids = new Map<unknown, string>()
  for (const [index, one] of providers.entries()) {
    if (!isJsonObject(one)) continue
    const where = `signIn.upstream[${index}]`
    const first = ids.get(one['id'])
    if (first === undefined) ids.set(one['id'], `${where}.id`)
    else note(`${where}.id`, `stands at ${first} already`)
    checkCredentials(one, where, note)
    checkIssuers(one, issuer, where, note)
  }
}

/** One way to authenticate, and not two. OIDC Core §9. */
function checkCredentials(one: JsonObject, where: string, note: Note): void {
  const { clientSecret, privateKey, authentication, keyId } = one
  if (clientSecret === undefined && privateKey === undefined) note(where, 'needs clientSecret or privateKey')
  if (clientSecret !== undefined && privateKey !== undefined) note(where, 'needs clientSecret or privateKey, not both')
  if (privateKey !== undefined && authentication !== undefined) {
    note(`${where}.authentication`, 'is how a secret is sent: a key is always proved')
  }
  if (privateKey === undefined && keyId !== undefined) note(`${where}.keyId`, 'has no meaning without privateKey')
  // What could not be read is noted already.
  if (typeof privateKey !== 'string' || privateKey.startsWith('${')) return
  try {
    readClientKey(privateKey)
  } catch {
    note(`${where}.privateKey`, 'must be a private key of P-256, or RSA of 2048 to 4096 bits, in PEM or JWK')
  }
}

/** Who signs people in to a real issuer must not do it in the clear. FAPI 2.0 SP §5.2.1. */
function checkIssuers({ issuer, origins }: JsonObject, of: unknown, where: string, note: Note): void {
  if (issuer === of && of !== undefined) note(`${where}.issuer`, 'is this server itself')
  if (typeof of !== 'string' || !of.startsWith('https:')) return
  const others: readonly unknown[] = Array.isArray(origins) ? origins : []
  if ([issuer, ...others].some(isLocal)) {
    note(where, 'must be https throughout: http is for an issuer that is itself for development')
  }
}

/** What is neither https nor a loopback host is refused by its own shape. */
function isLocal(url: unknown): boolean {
  if (typeof url !== 'string' || !url.startsWith('http:') || !URL.canParse(url)) return false
  return isLoopbackHost(new URL(url).hostname)
}
