import type { ResourcePowers } from '../core/protected-resource.ts'
import type { TokenMemory } from '../core/token-memory.ts'
import type { TrustedIssuer } from '../core/access-token.ts'
import { endpointUrl } from '../core/metadata.ts'
import type { Connection } from '../core/ports.ts'
import { createDpopNonces, type DpopNonces } from '../core/nonce.ts'
import { checkLifetimes, checkLimits, signingAlgorithms } from '../core/profile.ts'
import { checkApis, createCatalogue, type Catalogue } from './catalogue.ts'
import type { ServerConfig, ServerPorts } from './config.ts'
import { createLanes, type Lanes } from './lanes.ts'
import { createOwnTokens, type OwnTokens } from './own-tokens.ts'
import { createRateLimits, type RateLimits } from './rate-limits.ts'

/** What every endpoint works with: the configuration, the ports, and what follows from them. */
export type Server = ServerPorts &
  ServerConfig & {
    readonly catalogue: Catalogue
    readonly nonces: DpopNonces
    readonly rates: RateLimits
    /** What tells clients that somebody signed out. */
    readonly logouts: Lanes
    /** Ourselves, as userinfo trusts us. */
    readonly self: TrustedIssuer
    readonly ownTokens: OwnTokens
    readonly url: (path: string) => string
    /** The origin of the issuer: every URL of ours starts with it. */
    readonly origin: string
    /** The origin of a request that came in through an entrance: every URL we are called under starts with it. */
    readonly originOf: (entrance: Connection['entrance']) => string
    /** The path of the issuer, before every path of an endpoint. */
    readonly basePath: string
  }

/**
 * Puts a server together. Nothing happens yet.
 * @throws RangeError when a lifetime or a limit is outside the bounds of the profile, or APIs cannot be told apart
 */
export function assemble(config: ServerConfig, ports: ServerPorts): Server {
  checkLifetimes(config.lifetimes)
  checkLimits(config.limits)
  checkApis(config.apis, config.issuer)
  const { issuer } = config
  const self: TrustedIssuer = {
    issuer,
    algorithms: signingAlgorithms,
    keys: () => Promise.resolve(ports.keys.published()),
  }
  return {
    ...ports,
    ...config,
    ...(config.signInApp === undefined ? {} : nothingOfOurs),
    catalogue: createCatalogue(config.apis),
    nonces: createDpopNonces(issuer, ports.mac),
    rates: createRateLimits(config.limits),
    logouts: createLanes(),
    self,
    ownTokens: createOwnTokens(self, ports),
    url: (path) => endpointUrl(issuer, path),
    origin: new URL(issuer).origin,
    originOf: (entrance) => (entrance === 'mtls' ? config.mutualTlsOrigin : undefined) ?? new URL(issuer).origin,
    basePath: new URL(issuer).pathname.replace(/\/$/, ''),
  }
}

/** Where the operator's own application signs people in, nothing here does. */
const nothingOfOurs = { webAuthn: undefined, passwordSignIn: 'none', upstream: [] } as const

/** Userinfo is called once per sign-in: remembering its tokens would save nothing. */
const nothingRemembered: TokenMemory = { get: () => undefined, set: () => {} }

/** What userinfo needs to judge a request. */
export function resourcePowers(server: Server): ResourcePowers {
  const { issuer, self, nonces, store, verify, hash, clock } = server
  const now = clock()
  return {
    audience: issuer,
    issuers: [self],
    nonces,
    replay: store.replay,
    verify,
    hash,
    now,
    remembered: nothingRemembered,
    standing: ({ jti, grantRef, clientId, issuedAt }) =>
      store.tokens.standing({ jti: hash(jti), grantRef, clientId, issuedAt }, now),
  }
}
