/** The certificate a listener shows, and what its TLS accepts. RFC 9325; FAPI 2.0 SP §5.2. */

import { constants, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'

/** TLS that ends here. */
export type ServerTls = {
  /** The path of the certificate with its intermediates, PEM. */
  readonly certificate: string
  /** The path of its private key, PEM; only its owner, and at most a group, may read it. */
  readonly key: string
  readonly minVersion: 'TLSv1.3' | 'TLSv1.2'
  /** Whether clients are asked for a certificate. One that has none is served all the same. */
  readonly clientCertificates: 'requested' | 'none'
}

/** Certificate or key of the listener cannot be used. One line for the operator; holds no key. */
export class ServerCertificateUnavailable extends Error {
  override readonly name = 'ServerCertificateUnavailable'
  constructor(file: string, what: string, cause?: unknown) {
    super(`${basename(file)}: ${what}`, cause === undefined ? {} : { cause })
  }
}

/** The suites of 1.3, then those of 1.2 that RFC 9325 §4.2 recommends, and no others. */
const suites = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')

const mostFileBytes = 1_048_576

/** The certificate of a listener, ready to be used. */
export type ServerCertificate = {
  readonly context: SecureContextOptions
  /** Changes when a file does. */
  readonly state: string
}

/**
 * Reads certificate and key, and tries them.
 * @throws ServerCertificateUnavailable
 */
export async function readServerCertificate({ certificate, key, minVersion }: ServerTls): Promise<ServerCertificate> {
  const state = await stateOf({ certificate, key })
  const context: SecureContextOptions = {
    cert: await readText(certificate),
    key: await readPrivate(key),
    minVersion,
    ciphers: suites,
    honorCipherOrder: true,
    // Nothing here judges trust, so that no authorities are loaded, and clients are told no names of any.
    ca: [],
    // Nobody resumes a session: whoever has a certificate proves its key in each handshake. RFC 8705 §6.2.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }
  try {
    createSecureContext(context)
    new X509Certificate(String(context.cert))
  } catch (cause) {
    throw new ServerCertificateUnavailable(certificate, `no certificate that fits the key in ${basename(key)}`, cause)
  }
  return { context, state }
}

/** What a server is made with, besides the certificate. */
export function tlsOptions({ clientCertificates }: ServerTls, handshakeTimeout: number): TlsOptions {
  return {
    requestCert: clientCertificates === 'requested',
    // Whether a certificate is good enough depends on the client, which nobody knows yet.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout,
  }
}

/**
 * Calls `use` with certificate and key whenever one of the files has changed; returns how to look now, and how to stop.
 * Files that cannot be used are reported once for each state they are in, and what was there before stays in use.
 */
export function watchServerCertificate(
  tls: ServerTls,
  first: ServerCertificate,
  { use, onFailure }: { use: (context: SecureContextOptions) => void; onFailure: (cause: unknown) => void },
): { readonly look: () => Promise<void>; readonly stop: () => void } {
  let seen = first.state
  let looking: Promise<void> | undefined
  const lookNow = async () => {
    const found = await stateOf(tls)
    if (found === seen) return
    seen = found
    use((await readServerCertificate(tls)).context)
  }
  const look = () =>
    (looking ??= lookNow()
      .catch(onFailure)
      .finally(() => (looking = undefined)))
  const timer = setInterval(() => void look(), 5_000)
  timer.unref()
  return { look, stop: () => clearInterval(timer) }
}

async function stateOf({ certificate, key }: Pick<ServerTls, 'certificate' | 'key'>): Promise<string> {
  const states = [certificate, key].map(async (file) => {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(file)
      return [mtimeMs, ctimeMs, size, ino].join(' ')
    } catch {
      return 'not there'
    }
  })
  return (await Promise.all(states)).join('\n')
}

async function readPrivate(file: string): Promise<string> {
  const text = await readText(file)
  const { mode } = await stat(file)
  if ((mode & 0o007) !== 0) {
    throw new ServerCertificateUnavailable(file, 'everybody on this machine can read the key: make it mode 0600')
  }
  return text
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size <= mostFileBytes) return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ServerCertificateUnavailable(file, 'cannot be read', cause)
  }
  throw new ServerCertificateUnavailable(file, 'too large')
}
