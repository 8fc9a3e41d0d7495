/** What holds for one client, and where each part of it comes from. */

import type { ClientRecord, ClientRole } from '../core/client.ts'
import { lifetimeBounds } from '../core/profile.ts'
import { certificateRules } from '../core/rules/certificate.ts'
import { refreshRules } from '../core/rules/refresh.ts'
import { type RuleSlug, ruleOf, rules, type Step } from '../core/rules.ts'
import { keysOf } from '../core/names.ts'
import type { ServerConfig } from '../server/config.ts'

/** Who decided it: the profile, which nothing can change, the registration, or the configuration. */
export type Source = 'profile' | 'registration' | 'configuration'

/** One thing that holds. */
export type Fact = { readonly what: string; readonly value: string; readonly source: Source; readonly clause: string }

/** One rule that can refuse a request of this client. */
export type ApplicableRule = {
  readonly step: Step
  readonly rule: RuleSlug
  readonly clause: string
  readonly sentence: string
}

/** Everything that applies to a client. */
export function explain(client: ClientRecord, server: ServerConfig) {
  return { facts: [...facts(client), ...ofTheProfile(client, server)], rules: applicableRules(client) }
}

function roleInWords(role: ClientRole): string {
  switch (role.kind) {
    case 'client':
      return 'obtains tokens'
    case 'resource_server':
      return `asks about tokens for ${role.resource}`
    case 'sign_in_app':
      return 'signs people in and decides for them'
  }
}

function facts(client: ClientRecord): readonly Fact[] {
  const registration = (what: string, value: string, clause: string): Fact => ({
    what,
    value,
    source: 'registration',
    clause,
  })
  const { role } = client
  return [
    registration('role', roleInWords(role), 'RFC 7662 §4'),
    registration('status', client.status, 'RFC 9126 §7.4'),
    registration('authenticates by', client.authMethod, 'FAPI 2.0 SP §5.3.2.1-6'),
    ...credentials(client, registration),
    ...(role.kind === 'client' ? whatItObtains(client, registration) : []),
  ]
}

type Registered = (what: string, value: string, clause: string) => Fact

function credentials(client: ClientRecord, registration: Registered): readonly Fact[] {
  const { certificateName: name, jwksUri, keys, certificates, tokenEndpointAuthSigningAlg: alg } = client
  const where = jwksUri ?? `${keys.length} registered by value`
  const isSelfSigned = client.authMethod === 'self_signed_tls_client_auth'
  return [
    ...(name === undefined ? [] : [registration('certificate name', `${name.kind}: ${name.value}`, 'RFC 8705 §2.1.2')]),
    ...(isSelfSigned ? [registration('certificates', jwksUri ?? `${certificates.length}`, 'RFC 8705 §2.2')] : []),
    ...(client.authMethod === 'private_key_jwt' ? [registration('keys', where, 'FAPI 2.0 SP §5.4.2')] : []),
    ...(alg === undefined ? [] : [registration('assertion algorithm', alg, 'RFC 8725 §3.1')]),
  ]
}

function whatItObtains(client: ClientRecord, registration: Registered): readonly Fact[] {
  return [
    registration(
      'tokens bound to',
      client.binding === 'dpop' ? 'a DPoP key' : 'its certificate',
      'FAPI 2.0 SP §5.3.2.1-5',
    ),
    registration('grants', client.grantTypes.join(' '), 'RFC 6749 §5.2'),
    registration('scope', client.scope.join(' '), 'RFC 6749 §3.3'),
    ...client.redirectUris.map((uri) => registration('redirect URI', uri, 'FAPI 2.0 SP §5.3.2.2-8')),
    registration('subjects', client.subjectType, 'OIDC Core §8'),
    registration('ID tokens', idTokens(client), 'FAPI 2.0 SP §5.4.1-1'),
    ...client.postLogoutRedirectUris.map((uri) => registration('after logout', uri, 'OIDC RP-Initiated Logout §3')),
    ...(client.backchannelLogoutUri === undefined
      ? []
      : [registration('told of logout at', client.backchannelLogoutUri, 'OIDC Back-Channel Logout §2.2')]),
  ]
}

function idTokens({ idTokenSignedResponseAlg: alg, idTokenEncryption: encryption }: ClientRecord): string {
  const signed = `signed ${alg ?? 'with the preferred key'}`
  return encryption === undefined ? signed : `${signed}, encrypted ${encryption.alg} ${encryption.enc}`
}

/** What no registration can change; only the lifetimes may be shortened, or moved inside their bounds. */
function ofTheProfile(client: ClientRecord, server: ServerConfig): readonly Fact[] {
  const profile = (what: string, value: string, clause: string): Fact => ({ what, value, source: 'profile', clause })
  const always = [profile('audience of assertions', server.issuer, 'FAPI 2.0 SP §5.3.2.1-8')]
  if (client.role.kind !== 'client') return always
  const people = [
    profile('requests', 'pushed, never in the browser', 'FAPI 2.0 SP §5.3.2.2-3'),
    profile('PKCE', 'S256', 'FAPI 2.0 SP §5.3.2.2-5'),
    profile('response', 'code with iss', 'FAPI 2.0 SP §5.3.2.2-1, -7'),
    profile('refresh tokens', 'bound to the client, not rotated', 'FAPI 2.0 SP §5.3.2.1-9'),
  ]
  const lifetimes = keysOf(lifetimeBounds).map((name): Fact => {
    const { clause } = lifetimeBounds[name]
    return { what: `${name} lifetime`, value: `${server.lifetimes[name]} s`, source: 'configuration', clause }
  })
  return [...always, ...(client.grantTypes.includes('authorization_code') ? people : []), ...lifetimes]
}

const slugs = keysOf(rules)

/** The rules that a request of this client can meet, in the order of the steps. */
function applicableRules(client: ClientRecord): readonly ApplicableRule[] {
  return stepsOf(client).flatMap((step) =>
    slugs
      .filter((slug) => ruleOf(slug).at.includes(step) && concerns(slug, client))
      .map((rule) => ({ step, rule, clause: ruleOf(rule).clause, sentence: ruleOf(rule).sentence })),
  )
}

function stepsOf({ role, grantTypes, scope }: ClientRecord): readonly Step[] {
  if (role.kind === 'resource_server') return ['introspection']
  if (role.kind === 'sign_in_app') return ['decision']
  const people = grantTypes.includes('authorization_code')
  const openid = people && scope.includes('openid')
  return [
    ...(people ? (['par', 'authorization', 'interaction'] as const) : []),
    'token',
    'revocation',
    ...(openid ? (['userinfo', 'logout'] as const) : []),
  ]
}

/** Whether a rule is about something this client does. */
function concerns(slug: RuleSlug, client: ClientRecord): boolean {
  const { authMethod, binding, grantTypes } = client
  if (slug.startsWith('client_assertion_')) return authMethod === 'private_key_jwt'
  if (slug in refreshRules) return grantTypes.includes('refresh_token')
  if (slug.startsWith('code_')) return grantTypes.includes('authorization_code')
  if (slug in certificateRules) return certificateConcerns(slug, client)
  // Any other proof that is sent must hold, also where it binds nothing.
  return slug !== 'dpop_proof_missing' || binding === 'dpop'
}

function certificateConcerns(slug: RuleSlug, { authMethod, binding, jwksUri }: ClientRecord): boolean {
  const self = authMethod === 'self_signed_tls_client_auth'
  const named = authMethod === 'tls_client_auth'
  const known: Partial<Record<RuleSlug, boolean>> = {
    client_certificate_untrusted: named,
    client_certificate_not_for_clients: named,
    client_certificate_name_mismatch: named,
    client_certificate_unknown: self,
    client_certificate_missing: named || self,
    client_certificate_malformed: named || self,
    client_certificate_expired: named || self,
    client_keys_unavailable: jwksUri !== undefined,
    client_role_wrong: false,
    client_authentication_method_unregistered: true,
  }
  // The others are about tokens that are bound to a certificate.
  return known[slug] ?? binding === 'certificate'
}
