/** TLS as a client sees it: the certificate, its end, and what an old client must not get. */

import { isIP } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { bad, doubtful, type Finding, good } from './finding.ts'

const day = 86_400_000

/** What is offered to a client besides today's defaults. */
const offers = {
  'TLS 1.1': { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  'TLS 1.2 with a CBC suite': {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA256:AES128-SHA:AES256-SHA',
  },
} as const satisfies Record<string, ConnectionOptions>

/** Examines one https origin. Rejects when nothing answers at all. */
export async function examineTls(origin: string, now: number): Promise<readonly Finding[]> {
  const where = addressOf(origin)
  const findings = [await examineCertificate(where, now)]
  for (const [what, offer] of Object.entries(offers)) {
    const taken = await handshake({ ...where, ...offer, rejectUnauthorized: false })
    if (taken !== 'refused') taken.destroy()
    findings.push(
      taken === 'refused'
        ? good('tls', `${what} is refused`)
        : bad('tls', `${what} is accepted`, 'Allow TLS 1.3, and TLS 1.2 with the ECDHE AES-GCM suites only.'),
    )
  }
  return findings
}

function addressOf(origin: string): { readonly host: string; readonly port: number; readonly servername?: string } {
  const { hostname, port } = new URL(origin)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: port === '' ? 443 : Number(port), ...(isIP(host) === 0 ? { servername: host } : {}) }
}

async function examineCertificate(where: ReturnType<typeof addressOf>, now: number): Promise<Finding> {
  const socket = await handshake({ ...where, rejectUnauthorized: false })
  if (socket === 'refused') {
    return bad('tls', 'no TLS handshake with today’s defaults', 'Look at the certificate and key of the listener.')
  }
  const { valid_to: end } = socket.getPeerCertificate()
  const trusted = socket.authorized
  const reason = String(socket.authorizationError ?? '')
  const version = socket.getProtocol()
  socket.destroy()
  if (!trusted) {
    return bad('tls', `clients do not trust the certificate: ${reason}`, 'Use one of a public or installed authority.')
  }
  const days = Math.floor((Date.parse(end) - now) / day)
  if (days < 3) return bad('certificates', `the certificate ends in ${days} days`, 'Renew it now.')
  if (days < 21) return doubtful('certificates', `the certificate ends in ${days} days`, 'Renew it.')
  return good('tls', `${version ?? 'TLS'}, a trusted certificate for another ${days} days`)
}

const timeout = 5_000

/** @throws whatever keeps a TCP connection from being made */
function handshake(options: ConnectionOptions): Promise<TLSSocket | 'refused'> {
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    let isConnected = false
    const end = (error: Error) => {
      socket.destroy()
      if (isConnected) resolve('refused')
      else reject(error)
    }
    socket.setTimeout(timeout, () => end(new Error('nothing answers in time')))
    socket.once('connect', () => {
      isConnected = true
    })
    socket.once('secureConnect', () => resolve(socket))
    socket.once('error', end)
  })
}
