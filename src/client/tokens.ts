/** The token endpoint: a code, a refresh token, or the client by itself. RFC 6749 §4.1.3, §4.4, §6. */

import * as oauth from 'oauth4webapi'
import { fail } from './errors.ts'
import { exchange, provenOptions, requestOptions, type Wire } from './exchange.ts'
import { checkIdToken } from './id-token.ts'
import type { Received } from './session.ts'

/** One way to ask for tokens. */
type Grant = {
  readonly request: () => Promise<Response>
  readonly process: (response: Response, decrypting: oauth.JWEDecryptOptions) => Promise<oauth.TokenEndpointResponse>
}

/** What a code is redeemed with, and what its ID token has to fit. */
export type CodeInHand = {
  /** The authorization response, already checked. */
  readonly callback: URLSearchParams
  readonly redirectUri: string
  readonly codeVerifier: string
  readonly nonce: string | undefined
  readonly maxAge: number | undefined
}

/**
 * Redeems a code.
 * @throws ClientError request_refused, nonce_demanded_again, id_token_invalid, response_unusable, unreachable
 */
export function redeemCode(wire: Wire, code: CodeInHand): Promise<Received> {
  const { server, client, authentication } = wire
  const { callback, redirectUri, codeVerifier, nonce, maxAge } = code
  const options = provenOptions(wire, 'atServer')
  return askTokens(wire, {
    request: () =>
      oauth.authorizationCodeGrantRequest(server, client, authentication, callback, redirectUri, codeVerifier, options),
    process: (response, decrypting) =>
      oauth.processAuthorizationCodeResponse(server, client, response, {
        ...decrypting,
        ...(nonce === undefined ? {} : { expectedNonce: nonce, requireIdToken: true }),
        ...(maxAge === undefined ? {} : { maxAge }),
      }),
  })
}

/**
 * Uses a refresh token.
 * @throws ClientError request_refused, nonce_demanded_again, id_token_invalid, response_unusable, unreachable
 */
export function useRefreshToken(wire: Wire, refreshToken: string): Promise<Received> {
  const { server, client, authentication } = wire
  const options = provenOptions(wire, 'atServer')
  return askTokens(wire, {
    request: () => oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, options),
    process: (response, decrypting) => oauth.processRefreshTokenResponse(server, client, response, decrypting),
  })
}

/**
 * Asks for a token for the client itself. Whatever else came would be nobody's.
 * @throws ClientError request_refused, nonce_demanded_again, response_unusable, unreachable
 */
export async function clientCredentials(wire: Wire, parameters: Record<string, string>): Promise<Received> {
  const { server, client, authentication } = wire
  const options = provenOptions(wire, 'atServer')
  const tokens = await exchange(
    wire,
    async () => {
      const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, options)
      return oauth.processClientCredentialsResponse(server, client, response)
    },
    'response_unusable',
  )
  const { refresh_token: _, ...own } = tokens
  return { tokens: own, claims: undefined, idToken: undefined }
}

async function askTokens(wire: Wire, { request, process }: Grant): Promise<Received> {
  const answer = await exchange(
    wire,
    async () => {
      const response = await request()
      const envelope = createEnvelope(wire)
      const tokens = await process(response, envelope.options)
      return { response, tokens, idToken: tokens.id_token && envelope.contentOf(tokens.id_token) }
    },
    'id_token_invalid',
  )
  const { tokens, idToken, response } = answer
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  if (claims === undefined || idToken === undefined) return { tokens, claims: undefined, idToken: undefined }
  // Over TLS too: FAPI 2.0 MS §5.6.2; CL-14.
  const check = () => oauth.validateApplicationLevelSignature(wire.server, response, requestOptions(wire))
  await exchange(wire, check, 'id_token_invalid')
  checkIdToken(wire, claims, { text: idToken, accessToken: tokens.access_token })
  return { tokens, claims, idToken }
}

/** The encryption of one answer's ID token: a client with keys for it takes no other. OIDC Core §3.1.3.7-1. */
function createEnvelope({ decrypt }: Wire) {
  let content: string | undefined
  const open = async (jwe: string) => {
    content = await decrypt?.(jwe).catch(() => fail('id_token_invalid', { detail: 'not encrypted to a key of ours' }))
    return content ?? fail('id_token_invalid', { detail: 'encrypted' })
  }
  return {
    options: decrypt === undefined ? {} : { [oauth.jweDecrypt]: open },
    contentOf: (idToken: string) => {
      if (decrypt === undefined) return idToken
      return content ?? fail('id_token_invalid', { detail: 'not encrypted' })
    },
  }
}
