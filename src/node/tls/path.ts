/** From the certificate of a client to an anchor: which ways there are, with every signature checked. RFC 5280 §6.1. */

import type { ParsedCertificate } from './certificates.ts'
import { isSame } from './x509.ts'
import { purposes } from './make-certificate.ts'

/** A way that holds but for the time: the certificate of the client first, the anchor last. */
export type Path = readonly ParsedCertificate[]

const anyPurpose = '2.5.29.37.0'

/** How many signatures are checked for one certificate before the search is given up. */
const mostSignatures = 24

/**
 * The ways from `leaf` through what was sent with it to one of the anchors. What nobody here understands, a critical
 * extension or name constraints, lies on no way. RFC 5280 §4.2, §4.2.1.10.
 */
export function pathsTo(
  anchors: readonly ParsedCertificate[],
  leaf: ParsedCertificate,
  sent: readonly ParsedCertificate[],
): readonly Path[] {
  if (leaf.certificate.notUnderstood.length > 0) return []
  const search: Search = { anchors: anchors.filter(mayIssue), sent: sent.filter(mayIssue), left: mostSignatures }
  return pathsFrom([leaf], search)
}

type Search = {
  readonly anchors: readonly ParsedCertificate[]
  readonly sent: readonly ParsedCertificate[]
  /** Signatures that may still be checked. */
  left: number
}

function pathsFrom(way: Path, search: Search): readonly Path[] {
  const last = way.at(-1)
  if (last === undefined) return []
  const issued = (issuer: ParsedCertificate) => isRoomBelow(issuer, way) && isIssuer(issuer, last, search)
  const arrived = search.anchors.filter(issued).map((anchor) => [...way, anchor])
  const unused = search.sent.filter((candidate) => ![...search.anchors, ...way].some((one) => isEqual(one, candidate)))
  const onward = unused.filter(issued).flatMap((issuer) => pathsFrom([...way, issuer], search))
  return [...arrived, ...onward]
}

function isEqual(one: ParsedCertificate, other: ParsedCertificate): boolean {
  return isSame(one.certificate.der, other.certificate.der)
}

/** Names that match byte by byte, and a signature. RFC 5280 §6.1.3 (a)(1), (4). */
function isIssuer(issuer: ParsedCertificate, of: ParsedCertificate, search: Search): boolean {
  if (!isSame(issuer.certificate.subject, of.certificate.issuer) || search.left === 0) return false
  search.left -= 1
  try {
    return of.x509.checkIssued(issuer.x509) && of.x509.verify(issuer.x509.publicKey)
  } catch {
    return false
  }
}

/** No more CAs below than the issuer allows; one that issued itself a certificate does not count. RFC 5280 §4.2.1.9. */
function isRoomBelow({ certificate }: ParsedCertificate, [, ...below]: Path): boolean {
  const most = certificate.extensions.basicConstraints?.pathLength ?? Number.POSITIVE_INFINITY
  return below.filter((ca) => !isSame(ca.certificate.subject, ca.certificate.issuer)).length <= most
}

/** A CA that may sign certificates, and certificates of clients if it says for what. RFC 5280 §4.2.1.9, §4.2.1.3. */
export function mayIssue({ certificate: { extensions, notUnderstood } }: ParsedCertificate): boolean {
  const { basicConstraints, keyUsage, extendedKeyUsage: purpose } = extensions
  return (
    basicConstraints?.ca === 'true' &&
    keyUsage?.has('keyCertSign') !== false &&
    (purpose === undefined || purpose.has(purposes.clientAuth) || purpose.has(anyPurpose)) &&
    notUnderstood.length === 0
  )
}

/** Whether a certificate may stand for a client: no CA, able to sign, for clients if it says for what. RFC 5280 §4.2.1.12. */
export function isForClients({ certificate: { extensions } }: ParsedCertificate): boolean {
  const { basicConstraints, keyUsage, extendedKeyUsage: purpose } = extensions
  return (
    basicConstraints?.ca !== 'true' &&
    keyUsage?.has('keyCertSign') !== true &&
    keyUsage?.has('digitalSignature') !== false &&
    purpose?.has(purposes.clientAuth) !== false
  )
}

/** Whether every certificate of the way is in its time. RFC 5280 §6.1.3 (a)(2). */
export function isInTime(path: Path, now: number): boolean {
  return path.every(({ certificate: { notBefore, notAfter } }) => notBefore <= now && now <= notAfter)
}
