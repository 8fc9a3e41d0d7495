/**
 * The least a server can do for a row: Node's bare HTTP server that reads the body, does the row's signatures, and
 * answers. What it verifies is always the same; it keeps nothing and checks nothing.
 */

import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { endWhenTold, serverTask } from './ready.ts'

const { port } = serverTask()
const issuer = `http://127.0.0.1:${port}`
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const data = Buffer.from(randomBytes(300).toString('base64url'))
const signature = sign('sha256', data, privateKey)

const metadata = JSON.stringify({
  issuer,
  pushed_authorization_request_endpoint: `${issuer}/par`,
  token_endpoint: `${issuer}/token`,
})

/** The verifications and signatures of each path. */
const works = new Map([
  ['/par', { verify: 1, sign: 0, status: 201 }],
  ['/token', { verify: 2, sign: 1, status: 200 }],
])

const server = createServer((request, response) => {
  const work = works.get(request.url ?? '')
  if (work === undefined) {
    response.setHeader('content-type', 'application/json')
    response.end(metadata)
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString()
    let answer = body.slice(0, 100)
    for (let count = 0; count < work.verify; count += 1) {
      if (!verify('sha256', data, publicKey, signature)) throw new Error('the signature is not right')
    }
    for (let count = 0; count < work.sign; count += 1) {
      answer += sign('sha256', data, privateKey).toString('base64url')
    }
    response.writeHead(work.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
    response.end(answer)
  })
})
server.keepAliveTimeout = 65_000
server.listen(port, '127.0.0.1')
endWhenTold(() => server.closeAllConnections())
