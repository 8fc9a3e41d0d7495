/** Client certificates as the protocol sees them, without any DER: whoever ends TLS has read it. */

import type { ClientCertificate } from '../../src/core/certificate.ts'
import { parseDistinguishedName } from '../../src/core/distinguished-name.ts'
import { certificateThumbprint, numericDate } from '../../src/core/names.ts'
import type { TrustAnchors } from '../../src/core/ports.ts'
import { sha256 } from '../../src/node/runtime.ts'

type Verdict = Awaited<ReturnType<TrustAnchors['judge']>>

let made = 0

/** A certificate for that distinguished name, another one at each call. */
export function aCertificate(name: string, changes: Partial<ClientCertificate> = {}): ClientCertificate {
  made += 1
  return {
    thumbprint: certificateThumbprint(sha256(`certificate ${made}`)),
    subject: parseDistinguishedName(name),
    alternativeNames: { dns: [], uri: [], ip: [], email: [] },
    notBefore: numericDate(1_700_000_000),
    notAfter: numericDate(1_900_000_000),
    chain: [],
    ...changes,
  }
}

/** Anchors that say what a test wants of its certificates, and of any other that it leads nowhere. */
export function anchorsFor(verdicts: ReadonlyMap<ClientCertificate, Verdict>): TrustAnchors {
  return { judge: (certificate) => Promise.resolve(verdicts.get(certificate) ?? 'untrusted') }
}
