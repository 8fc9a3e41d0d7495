/** One provider: people are sent there, and what it answers is verified. */

import { after } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { profile } from '../../core/profile.ts'
import type { UpstreamAttempt, UpstreamProvider } from '../../core/sign-in-ports.ts'
import { upstreamAcr } from '../../core/authentication-context.ts'
import type { EgressFetch } from '../egress.ts'
import { createDiscovery, type Discovered } from './discovered.ts'
import type { UpstreamConfig, UpstreamOptions } from './config.ts'
import { isSilentOn, personOf, type Said } from './person.ts'
import { refusalFor, UpstreamTrouble, whatHappened } from './trouble.ts'

/** Opens a provider, and looks for it. */
export function openProvider(
  config: UpstreamConfig,
  fetch: EgressFetch,
  { clock, onTrouble }: UpstreamOptions,
): UpstreamProvider {
  const discovery = createDiscovery(config, fetch, clock)
  const tell = (what: string) => onTrouble(new UpstreamTrouble(`sign-in at ${config.id}: ${what}`))
  const orTold = async <T>(phase: 'before' | 'after', work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (failure) {
      const refusal = refusalFor(failure, phase)
      // That somebody did not want to sign in is no trouble.
      if (refusal.detail !== 'access_denied') tell(`${refusal.rule} (${refusal.detail ?? ''})`)
      throw refusal
    }
  }
  void discovery.current().catch((failure: unknown) => tell(whatHappened(failure)))
  return {
    id: config.id,
    name: config.name,
    acrValues: [...new Set([...Object.values(config.acr), upstreamAcr])],
    origins: () => {
      const known = discovery.authorizationOrigin()
      return [...new Set([new URL(config.issuer).origin, ...config.origins, ...(known === undefined ? [] : [known])])]
    },
    begin: (attempt) => orTold('before', async () => authorizationUrl(attempt, config, await discovery.current())),
    finish: (attempt, callback) =>
      orTold('after', async () => {
        const person = personOf(await verify(attempt, callback, config, await discovery.current()), config)
        // Clocks differ a little, not more. OIDC Core §3.1.3.7.
        if (person.authTime > after(clock(), profile.clockSkewAhead)) {
          refuse('upstream_answer_invalid', { detail: 'auth_time' })
        }
        return person
      }),
  }
}

/** Pushed where the provider takes that. RFC 9126 §2; RFC 7636 §4.3; OIDC Core §3.1.2.1. */
async function authorizationUrl(
  attempt: UpstreamAttempt,
  { redirectUri, scope, acr }: UpstreamConfig,
  { client, configuration }: Discovered,
): Promise<string> {
  const { state, nonce, codeVerifier, maxAge, prompt, loginHint, uiLocales, acrValues } = attempt
  const wanted = acrValues.flatMap((ours) => Object.keys(acr).filter((theirs) => acr[theirs] === ours))
  const parameters = {
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: scope.join(' '),
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    ...(uiLocales.length === 0 ? {} : { ui_locales: uiLocales.join(' ') }),
    ...(wanted.length === 0 ? {} : { acr_values: wanted.join(' ') }),
  }
  const isPushed = configuration.serverMetadata().pushed_authorization_request_endpoint !== undefined
  const url = isPushed
    ? await client.buildAuthorizationUrlWithPAR(configuration, parameters)
    : client.buildAuthorizationUrl(configuration, parameters)
  return url.href
}

/**
 * Exchanges the code, and verifies the ID token: who issued it and for whom, the nonce, the times, and the signature,
 * which only a key the provider publishes can have made. OIDC Core §3.1.3.7; RFC 9207 §2.4.
 */
async function verify(
  { state, nonce, codeVerifier }: UpstreamAttempt,
  callback: URL,
  config: UpstreamConfig,
  { client, configuration }: Discovered,
): Promise<Said> {
  const tokens = await client.authorizationCodeGrant(configuration, callback, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  })
  const idToken = tokens.claims() ?? refuse('upstream_answer_invalid', { detail: 'id_token' })
  const { userinfo_endpoint: endpoint } = configuration.serverMetadata()
  if (endpoint === undefined || !isSilentOn(idToken, config.claims)) return { idToken, userinfo: {} }
  return { idToken, userinfo: await client.fetchUserInfo(configuration, tokens.access_token, idToken.sub) }
}
