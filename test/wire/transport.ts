/** How a foreign client and a browser reach servers of a private authority: one agent each, and a note of every exchange. */

import { Agent, request } from 'node:https'

/** What connections show and whom they believe, PEM throughout. */
export type Trust = { readonly ca: string; readonly cert?: string; readonly key?: string }

/** One request with its answer, as they were on the wire. */
export type Exchange = {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly form: URLSearchParams
  readonly status: number
  readonly answered: Headers
  readonly text: string
}

/** A request as openid-client hands it over. */
type Asked = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Sends requests, and follows no redirect. */
export type Transport = {
  readonly fetch: (url: string, asked?: Asked) => Promise<Response>
  readonly close: () => void
}

/**
 * A transport of its own connections: each handshake proves the key of the certificate, where there is one. What was said
 * is added to `exchanges`.
 */
export function openTransport(trust: Trust, exchanges: Exchange[] = []): Transport {
  const agent = new Agent({ ...trust, keepAlive: true, maxCachedSessions: 0 })
  return {
    close: () => agent.destroy(),
    fetch: async (url, { method = 'GET', headers = {}, body } = {}) => {
      const text = textOf(body)
      const response = await send(agent, new URL(url), { method, headers }, text)
      exchanges.push({
        url: new URL(url),
        method,
        headers,
        form: new URLSearchParams(text),
        status: response.status,
        answered: response.headers,
        text: await response.clone().text(),
      })
      return response
    },
  }
}

function textOf(body: unknown): string {
  if (body === undefined || body === null) return ''
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body)
  throw new TypeError('only forms and texts are sent here')
}

function send(
  agent: Agent,
  url: URL,
  { method, headers }: { method: string; headers: Readonly<Record<string, string>> },
  text: string,
): Promise<Response> {
  const length = method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, method, headers: { ...headers, ...length } }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const answered = new Headers()
        for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
          for (const value of values) answered.append(name, value)
        }
        resolve(new Response(Buffer.concat(chunks), { status: incoming.statusCode ?? 0, headers: answered }))
      })
    })
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}
