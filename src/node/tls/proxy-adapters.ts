/** How proxies that end TLS pass on the certificate of a client. RFC 9440; the manuals of the proxies. */

import { createHash } from 'node:crypto'
import type { Connection } from '../../core/ports.ts'
import { chainLimits } from './certificates.ts'
import { parseBase64, parsePemChain } from './pem.ts'

type Headers = Connection['headers']
type Chain = readonly Uint8Array[]

/** One way of passing a certificate on. */
type Adapter = {
  /** The header fields that are read, in lower case. */
  readonly headers: readonly string[]
  /** DER, the leaf first, from the values by name, of which there is at least one; undefined when they make no sense. */
  readonly read: (values: ReadonlyMap<string, string>) => Chain | undefined
}

/** The proxies that are understood. */
export const adapters = {
  rfc9440: { headers: ['client-cert', 'client-cert-chain'], read: readRfc9440 },
  nginx: { headers: ['x-ssl-client-cert'], read: (values) => alone(escapedPem(onlyValue(values))) },
  haproxy: { headers: ['x-ssl-client-der'], read: (values) => alone(each([onlyValue(values)], parseBase64)) },
  'envoy-xfcc': { headers: ['x-forwarded-client-cert'], read: (values) => readXfcc(onlyValue(values)) },
  'aws-alb': { headers: ['x-amzn-mtls-clientcert', 'x-amzn-mtls-clientcert-leaf'], read: readAlb },
  traefik: { headers: ['x-forwarded-tls-client-cert'], read: (values) => readTraefik(onlyValue(values)) },
} as const satisfies Record<string, Adapter>

/** The name of an adapter, as it stands in the configuration. */
export type AdapterName = keyof typeof adapters

/** What a proxy said. DER, the leaf first. */
export type PassedOn =
  | { readonly kind: 'none' }
  | { readonly kind: 'certificate'; readonly chain: Chain }
  | { readonly kind: 'malformed' }

/** Base64 of the largest chain, every character of it escaped. */
const mostCharacters = chainLimits.certificates * chainLimits.bytes * 4

/**
 * What the headers of one adapter say. A field that is empty says that there is no certificate; a field that stands there
 * twice, or that is not exactly what the proxy writes, says nothing that may be believed.
 */
export function certificateFrom(name: AdapterName, headers: Headers): PassedOn {
  const adapter: Adapter = adapters[name]
  const fields = headers.filter(([field]) => adapter.headers.includes(field))
  const values = new Map(fields.filter(([, value]) => value !== ''))
  if (new Set(fields.map(([field]) => field)).size < fields.length) return { kind: 'malformed' }
  if (values.size === 0) return { kind: 'none' }
  const isTooLarge = [...values.values()].some((value) => value.length > mostCharacters)
  const chain = isTooLarge ? undefined : adapter.read(values)
  return chain === undefined ? { kind: 'malformed' } : { kind: 'certificate', chain }
}

function onlyValue(values: ReadonlyMap<string, string>): string {
  return [...values.values()].join('')
}

/** A chain of exactly one. */
function alone(chain: Chain | undefined): Chain | undefined {
  return chain?.length === 1 ? chain : undefined
}

/** All of them, or nothing. */
function each<T>(texts: readonly T[], parse: (text: T) => Uint8Array | undefined): Chain | undefined {
  const chain = texts.map(parse)
  const read = chain.filter((der) => der !== undefined)
  return read.length === chain.length && read.length > 0 ? read : undefined
}

/** Byte sequences between colons. RFC 9440 §2.2, §2.3; RFC 8941 §3.3.5. */
function readRfc9440(values: ReadonlyMap<string, string>): Chain | undefined {
  const byteSequence = (text: string) => parseBase64(/^:([A-Za-z0-9+/=]+):$/.exec(text)?.[1] ?? '')
  // A chain never comes without the certificate it belongs to. RFC 9440 §2.3.
  const leaf = each([values.get('client-cert') ?? ''], byteSequence)
  const list = values.get('client-cert-chain')
  const chain = list === undefined ? [] : each(list.split(/[ \t]*,[ \t]*/), byteSequence)
  return leaf === undefined || chain === undefined ? undefined : [...leaf, ...chain]
}

/** PEM with percent escapes; a plus stands for itself. */
function escapedPem(text: string): Chain | undefined {
  const pem = unescaped(text)
  return pem === undefined ? undefined : parsePemChain(pem)
}

function unescaped(text: string): string | undefined {
  if (!/^[A-Za-z0-9\-._~!*'()+/=,]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9\-._~!*'()+/=,]*)*$/.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The leaf of a chain that was verified, or the whole chain of one that was not; never both. */
function readAlb(values: ReadonlyMap<string, string>): Chain | undefined {
  if (values.size !== 1) return undefined
  const chain = escapedPem(onlyValue(values))
  return values.has('x-amzn-mtls-clientcert-leaf') ? alone(chain) : chain
}

/** Base64 without the lines around it, certificates apart by commas; with percent escapes or without. */
function readTraefik(value: string): Chain | undefined {
  const text = value.includes('%') ? unescaped(value) : value
  return text === undefined ? undefined : each(text.split(','), parseBase64)
}

type Pairs = ReadonlyMap<string, readonly string[]>

/**
 * One element: the proxy must replace what came to it (SANITIZE_SET), not append. It does not quote the URIs of a
 * certificate, so that a second element may be the text of such a URI. The element must tell the certificate itself, and
 * everything it tells must fit.
 */
function readXfcc(value: string): Chain | undefined {
  const [element, ...more] = parseXfcc(value) ?? []
  if (element === undefined || more.length > 0) return undefined
  const [cert, chain, hash] = ['cert', 'chain', 'hash'].map((key) => element.get(key) ?? [])
  if ((cert?.length ?? 0) > 1 || (chain?.length ?? 0) > 1 || (hash?.length ?? 0) > 1) return undefined
  const leaf = cert?.[0] === undefined ? undefined : alone(escapedPem(cert[0]))
  const whole = chain?.[0] === undefined ? undefined : escapedPem(chain[0])
  if ((cert?.length === 1 && leaf === undefined) || (chain?.length === 1 && whole === undefined)) return undefined
  const first = leaf?.[0] ?? whole?.[0]
  if (first === undefined) return undefined
  if (leaf !== undefined && whole?.[0] !== undefined && Buffer.compare(first, whole[0]) !== 0) return undefined
  const digest = createHash('sha256').update(first).digest('hex')
  if (hash?.[0] !== undefined && hash[0].toLowerCase() !== digest) return undefined
  return whole ?? leaf
}

/** Elements apart by commas, pairs apart by semicolons, values in quotes where they need it. */
function parseXfcc(value: string): readonly Pairs[] | undefined {
  const elements = [new Map<string, string[]>()]
  const pair = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=]*))([;,]|$)/y
  let separator: string | undefined
  while (pair.lastIndex < value.length) {
    const [whole, key = '', quoted, bare = '', end] = pair.exec(value) ?? []
    if (whole === undefined) return undefined
    const text = quoted === undefined ? bare : quoted.replaceAll(/\\(.)/g, '$1')
    const name = key.toLowerCase()
    elements.at(-1)?.set(name, [...(elements.at(-1)?.get(name) ?? []), text])
    if (end === ',') elements.push(new Map<string, string[]>())
    separator = end
    if (end === '') break
  }
  return separator === '' ? elements : undefined
}
