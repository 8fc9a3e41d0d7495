/** The certificates of the exchange vectors, by the names that `setting.json` gives them. */

import type { ClientCertificate } from '../../src/core/certificate.ts'
import { certificateThumbprint } from '../../src/core/names.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { aCertificate, anchorsFor } from '../flow/certificates.ts'
import { checkMembers, objectOf, readDocument, textOf } from './load.ts'

const verdicts = ['trusted', 'untrusted', 'expired', 'not_for_clients'] as const

const described = Object.entries(objectOf(readDocument('exchanges/setting.json')['certificates'], 'certificates')).map(
  ([name, value]) => {
    const about = objectOf(value, name)
    checkMembers(about, ['subject', 'judged'], name)
    const verdict = verdicts.find((known) => known === about['judged'])
    if (verdict === undefined) throw new RangeError(`${name} is judged ${String(about['judged'])}`)
    const thumbprint = certificateThumbprint(sha256(name))
    return { name, verdict, certificate: aCertificate(textOf(about['subject'], name), { thumbprint }) }
  },
)

const byName = new Map(described.map(({ name, certificate }) => [name, certificate]))

/** What the anchors of the server say of each. */
export const vectorAnchors = anchorsFor(new Map(described.map(({ certificate, verdict }) => [certificate, verdict])))

/** A certificate by its name. */
export function vectorCertificate(name: string): ClientCertificate {
  const certificate = byName.get(name)
  if (certificate === undefined) throw new RangeError(`setting.json has no certificate ${name}`)
  return certificate
}
