/** A request of Node as a connection: what a handler may know of the wire, and nothing a stranger made up. */

import type { IncomingMessage } from 'node:http'
import type { Connection } from '../core/ports.ts'
import { type Believed, type Belief, believe } from './claims.ts'
import { readRequestBody } from './request-body.ts'
import { isCertificateHeader } from './tls/certificate-headers.ts'

/** What a listener knows of all its connections. */
export type ConnectionOptions = {
  readonly entrance: Connection['entrance']
  /** How long a body may take, in milliseconds. */
  readonly bodyTimeout: number
}

/**
 * The connection of a request. Making one takes the headers that claim a certificate out of the request itself, so that
 * whatever is made of it later has none.
 */
export class NodeConnection implements Connection {
  readonly #incoming: IncomingMessage
  readonly #believed: Believed
  readonly #bodyTimeout: number
  #isRead = false

  readonly entrance: Connection['entrance']
  /** Read at once: a socket that was closed no longer knows. */
  readonly peerAddress: string
  readonly headers: Connection['headers']

  constructor(incoming: IncomingMessage, belief: Belief, { entrance, bodyTimeout }: ConnectionOptions) {
    const { socket, rawHeaders } = incoming
    this.#incoming = incoming
    this.#bodyTimeout = bodyTimeout
    this.#believed = believe(socket.remoteAddress ?? '', pairsOf(rawHeaders), socket, belief)
    this.entrance = entrance
    this.peerAddress = this.#believed.peerAddress
    this.headers = this.#believed.headers
    if (this.#believed.stripped.length > 0) takeOut(incoming)
  }

  get target(): string {
    return this.#incoming.url ?? '/'
  }

  get certificate(): Connection['certificate'] {
    return this.#believed.claim().certificate
  }

  get certificateTrouble(): Connection['certificateTrouble'] {
    return this.#believed.claim().certificateTrouble
  }

  readonly readBody = async (most: number): Promise<Uint8Array | 'too_large' | 'aborted'> => {
    if (this.#isRead) throw new Error('a body can be read once')
    this.#isRead = true
    return readRequestBody(this.#incoming, most, this.#bodyTimeout)
  }
}

/** The header fields of a request in order, names in lower case. */
function pairsOf(rawHeaders: readonly string[]): Connection['headers'] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''])
  }
  return pairs
}

/** Node keeps the headers of a request in three forms; it makes the others of the first one when they are asked for. */
function takeOut(incoming: IncomingMessage): void {
  const { headers, headersDistinct, rawHeaders } = incoming
  for (const name of Object.keys(headersDistinct)) {
    if (!isCertificateHeader(name)) continue
    delete headers[name]
    delete headersDistinct[name]
  }
  incoming.rawHeaders = rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)] ?? ''
    return !isCertificateHeader(name.toLowerCase())
  })
}
