/** Looks at a running issuer through its public URL, as a client would. */

import { metadataPaths } from '../../core/metadata.ts'
import { isJsonObject, type Issuer } from '../../core/names.ts'
import { createEgress } from '../egress.ts'
import { sha256 } from '../runtime.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'
import { examineClock, examineStripping } from './headers.ts'
import { examineKeySet, examineMetadata } from './metadata.ts'
import { examineTls } from './transport.ts'

/** What is examined. */
export type Examination = {
  readonly issuer: Issuer
  /** Where client certificates are asked for, when it is another origin. */
  readonly mutualTlsOrigin: string | undefined
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly progress: (what: string) => void
}

const limits = { timeoutMs: 5_000, maxBytes: 262_144 } as const

/**
 * Everything that can be seen from outside.
 * @throws EgressRefused, Error when nothing answers
 */
export async function examine({ issuer, mutualTlsOrigin, clock, progress }: Examination): Promise<readonly Finding[]> {
  const { origin, protocol } = new URL(issuer)
  const { fetch } = createEgress({ ...limits, allowedOrigins: [origin] })
  const findings: Finding[] = []
  const { openid, oauth } = metadataPaths(issuer)
  let jwksUri: unknown
  for (const path of [openid, oauth]) {
    progress(origin + path)
    const answer = await fetch(origin + path, { headers: { accept: 'application/json' } })
    if (path === openid) findings.push(examineClock(answer.headers, clock()))
    const document = await readJson(answer)
    findings.push(...examineMetadata(document, issuer, path))
    jwksUri ??= isJsonObject(document) ? document['jwks_uri'] : undefined
  }
  findings.push(await examineSpoofing(fetch, origin, openid))
  if (typeof jwksUri === 'string' && URL.canParse(jwksUri) && new URL(jwksUri).origin === origin) {
    progress(jwksUri)
    findings.push(...examineKeySet(await readJson(await fetch(jwksUri)), sha256))
  }
  if (protocol === 'https:') {
    findings.push(examineStripping((await fetch(origin + openid)).headers))
    progress(`TLS of ${origin}`)
    findings.push(...(await examineTls(origin, clock())))
  } else {
    findings.push(doubtful('tls', 'plain http: development on this machine only', 'Use an https issuer elsewhere.'))
  }
  if (mutualTlsOrigin !== undefined && mutualTlsOrigin !== origin) {
    progress(`TLS of ${mutualTlsOrigin}`)
    findings.push(...(await examineTls(mutualTlsOrigin, clock())))
  }
  return findings
}

async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text()
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Nothing a stranger says in a header may change the document. RFC 9700 §4.13. */
async function examineSpoofing(
  fetch: ReturnType<typeof createEgress>['fetch'],
  origin: string,
  path: string,
): Promise<Finding> {
  const plain = await (await fetch(origin + path)).text()
  const spoofed = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' }
  const answer = await fetch(origin + path, { headers: spoofed })
  return answer.status >= 400 || (await answer.text()) === plain
    ? good('http', 'forwarded headers of strangers change nothing')
    : bad('http', 'a forwarded header of a stranger changes the metadata', 'Let the proxy overwrite these headers.')
}
