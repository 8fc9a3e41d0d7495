/** A TLS connection to one judged address, held against the name it was asked for. FAPI 2.0 SP §5.2.1; RFC 9525. */

import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { EgressRefused } from './refused.ts'
import type { Target } from './target.ts'

/** Everything `tls.connect` needs to know; `host` is the address that was judged, never a name. */
export type DialOptions = ConnectionOptions & { readonly host: string; readonly port: number }

/** Starts one TLS connection. What it connects to must have been verified: the gate takes no other socket. */
export type Dial = (options: DialOptions) => TLSSocket

/** Dials as it is told. */
export const dialDirectly: Dial = (options) => connect(options)

/** The suites of TLS 1.3, and those recommended for TLS 1.2. RFC 9325 §4.2. */
export const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':')

/**
 * Connects to `address` and verifies chain and name.
 * @throws EgressRefused `certificate_invalid`; whatever else went wrong, as it came
 */
export async function connectTo(target: Target, address: string, dial: Dial, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted()
  const socket = dial(dialOptions(target, address))
  // A socket that is given up may still fail.
  socket.on('error', () => undefined)
  signal.addEventListener('abort', () => socket.destroy(), { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed before it was secure')))
    })
  } catch (cause) {
    socket.destroy()
    throw isOfTheCertificate(socket) ? new EgressRefused('certificate_invalid', target.origin, cause) : cause
  }
  if (socket.authorized) return socket
  socket.destroy()
  throw new EgressRefused('certificate_invalid', target.origin)
}

/** Node sets it when the certificate was looked at and did not do; a socket that failed otherwise has none. */
function isOfTheCertificate({ authorizationError }: { readonly authorizationError: unknown }): boolean {
  return authorizationError !== undefined && authorizationError !== null
}

function dialOptions({ host, kind, port }: Target, address: string): DialOptions {
  return {
    host: address,
    port,
    // An address is never sent as a server name. RFC 6066 §3.
    servername: kind === 'name' ? host : '',
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    ciphers,
    // Said here, so that no variable of the environment unsays it.
    rejectUnauthorized: true,
    checkServerIdentity: (_, { raw }) => checkIdentity(host, new X509Certificate(raw)),
  }
}

/** Subject alternative names only; a wildcard is a whole label, the leftmost. RFC 9525 §6. */
export function checkIdentity(host: string, certificate: X509Certificate): Error | undefined {
  const match =
    isIP(host) === 0
      ? certificate.checkHost(host, { subject: 'never', partialWildcards: false, multiLabelWildcards: false })
      : certificate.checkIP(host)
  return match === undefined ? new Error('the certificate is for another name') : undefined
}
