/**
 * The least a server can do for a row: read the body, do the row's signatures, and answer. What it verifies is always the
 * same; it keeps nothing and checks nothing.
 */

import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { theRedirectUri } from './actors.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const data = Buffer.from(randomBytes(300).toString('base64url'))
const signature = sign('sha256', data, privateKey)

/** The verifications and signatures behind one answer. */
type LeastWork = { readonly verify: number; readonly sign: readonly string[]; readonly status: number }

const push: LeastWork = { verify: 1, sign: [], status: 201 }
const tokenWithoutPerson: LeastWork = { verify: 2, sign: ['access_token'], status: 200 }
const tokens: LeastWork = { verify: 2, sign: ['access_token', 'id_token'], status: 200 }
/** The client's assertion, and the token it asks about. */
const introspection: LeastWork = { verify: 2, sign: [], status: 200 }

/** Answers the requests of every row. */
export function leastWork(issuer: string): RequestListener {
  const metadata = JSON.stringify({
    issuer,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
  })
  return (request, response) => {
    const { method, url = '' } = request
    if (method === 'POST') return readBody(request, (body) => answerForm(workOf(url, body), response))
    if (!url.startsWith('/authorize')) return answerJson(response, 200, metadata)
    response.writeHead(303, { location: `${theRedirectUri}?code=allowed`, 'content-length': 0 })
    response.end()
  }
}

function readBody(request: IncomingMessage, then: (body: string) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => then(Buffer.concat(chunks).toString()))
}

function workOf(url: string, body: string): LeastWork {
  if (url === '/par') return push
  if (url === '/introspect') return introspection
  return body.includes('grant_type=client_credentials') ? tokenWithoutPerson : tokens
}

function answerForm(work: LeastWork, response: ServerResponse): void {
  for (let count = 0; count < work.verify; count += 1) {
    if (!verify('sha256', data, publicKey, signature)) throw new Error('the signature is not right')
  }
  const signed = work.sign.map((name) => `"${name}":"${sign('sha256', data, privateKey).toString('base64url')}"`)
  const rest = '"active":true,"request_uri":"urn:example:pushed","refresh_token":"kept","expires_in":90'
  answerJson(response, work.status, `{${[...signed, rest].join(',')}}`)
}

function answerJson(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
