/** A provider on a loopback socket that answers as a test tells it to: rightly unless told otherwise. */

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { isJsonObject, type JsonObject } from '../../core/names.ts'

/** What is wrong about its answers; everything else is right. */
export type Lies = {
  readonly metadata?: JsonObject
  /** Members of the ID token; undefined takes one away. */
  readonly claims?: JsonObject
  /** Instead of a signature by its published key. */
  readonly signature?: 'none' | 'by_a_stranger' | 'with_the_secret' | 'cut_off'
  /** Members of the token response; undefined takes one away. */
  readonly tokens?: JsonObject
  /** Instead of an answer of this endpoint. */
  readonly answers?: Readonly<Record<string, (response: ServerResponse) => unknown>>
  readonly userinfo?: JsonObject
  /** What the authorization endpoint adds to the redirect, or takes away. */
  readonly redirect?: Readonly<Record<string, string | undefined>>
}

/** One request that came in. */
type Asked = {
  readonly path: string
  readonly form: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
}

export type LyingProvider = Awaited<ReturnType<typeof aLyingProvider>>

export const liarSecret = 'a secret of 32 characters or more'

/** Starts it. */
export async function aLyingProvider() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const stranger = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }
  const asked: Asked[] = []
  /** Requests that were pushed or came with a browser, by state. */
  const begun = new Map<string, Readonly<Record<string, string>>>()
  const self = { lies: ((): Lies => ({}))(), issuer: '', authTime: () => Math.floor(Date.now() / 1000) }

  const metadata = (): JsonObject => ({
    issuer: self.issuer,
    authorization_endpoint: `${self.issuer}/authorize`,
    token_endpoint: `${self.issuer}/token`,
    jwks_uri: `${self.issuer}/jwks`,
    userinfo_endpoint: `${self.issuer}/userinfo`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'],
    authorization_response_iss_parameter_supported: true,
    ...self.lies.metadata,
  })

  const idToken = async (nonce: string | undefined): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const honest = {
      iss: self.issuer,
      sub: 'alice',
      aud: 'us',
      exp: now + 300,
      iat: now,
      nonce,
      acr: 'gold',
      amr: ['pwd'],
    }
    const claims = { ...honest, auth_time: self.authTime(), ...self.lies.claims }
    const header = { alg: 'ES256', kid: 'k' }
    switch (self.lies.signature) {
      case 'none':
        return new UnsecuredJWT(claims).encode()
      case 'by_a_stranger':
        return new SignJWT(claims).setProtectedHeader(header).sign(stranger.privateKey)
      case 'with_the_secret':
        return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(liarSecret))
      case 'cut_off':
        return (await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)).slice(0, -4)
      case undefined:
        break
    }
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', self.issuer)
    const form = Object.fromEntries(new URLSearchParams(await bodyOf(request)))
    asked.push({ path: url.pathname, form, headers: request.headers })
    const lie = self.lies.answers?.[url.pathname]
    if (lie !== undefined) return void lie(response)
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(response, metadata())
      case '/jwks':
        return json(response, { keys: [jwk] })
      case '/par':
        begun.set(form['state'] ?? '', form)
        return json(response, { request_uri: `urn:example:${form['state']}`, expires_in: 60 }, 201)
      case '/authorize':
        return authorize(url, response)
      case '/token': {
        const { code_challenge: challenge, nonce } = begun.get(form['code'] ?? '') ?? {}
        const isProved =
          challenge ===
          createHash('sha256')
            .update(form['code_verifier'] ?? '')
            .digest('base64url')
        if (!isProved) return json(response, { error: 'invalid_grant' }, 400)
        const honest = { access_token: 'token', token_type: 'Bearer', id_token: await idToken(nonce) }
        return json(response, { ...honest, ...self.lies.tokens })
      }
      case '/userinfo':
        return json(response, self.lies.userinfo ?? { sub: 'alice', name: 'Alice Doe', preferred_username: 'alice' })
      default:
        response.writeHead(404).end()
    }
  }

  /** Signs everybody in without a question. The code is the state, for short. */
  const authorize = (url: URL, response: ServerResponse): void => {
    const state = url.searchParams.get('state') ?? ''
    begun.set(state, Object.fromEntries(url.searchParams))
    const parameters = { code: state, state, iss: self.issuer, ...self.lies.redirect }
    const query = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)
    response
      .writeHead(303, { location: `${url.searchParams.get('redirect_uri')}?${new URLSearchParams(query).toString()}` })
      .end()
  }

  const server = createServer((request, response) => {
    void answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  self.issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    issuer: self.issuer,
    asked,
    /** What it does from now on. */
    lie: (lies: Lies) => {
      self.lies = lies
    },
    /** When everybody signed in there, in seconds; now unless set. */
    signedInAt: (time: () => number) => {
      self.authTime = time
    },
    /** What an attempt asked for, and the answer to it. */
    begun: (state: string) => begun.get(state),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function json(response: ServerResponse, body: JsonObject, status = 200): void {
  const text = isJsonObject(body) ? JSON.stringify(body) : ''
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}
