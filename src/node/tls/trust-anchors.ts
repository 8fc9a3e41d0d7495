/** The CAs an operator trusts to name clients: read from files, read again when they change. RFC 8705 §2.1. */

import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { ClientCertificate } from '../../core/certificate.ts'
import { formatDistinguishedName } from '../../core/distinguished-name.ts'
import { type NumericDate, numericDate, type Seconds } from '../../core/names.ts'
import type { TrustAnchors } from '../../core/ports.ts'
import { type ParsedCertificate, parseCertificate, UnacceptableCertificate } from './certificates.ts'
import { isForClients, isInTime, mayIssue, type Path, pathsTo } from './path.ts'
import { parsePemFile } from './pem.ts'

/** The trust anchors cannot be used. One line for the operator. */
export class TrustAnchorsUnavailable extends Error {
  override readonly name = 'TrustAnchorsUnavailable'
  constructor(source: string, what: string, cause?: unknown) {
    super(`${source}: ${what}`, cause === undefined ? {} : { cause })
  }
}

/** Where the anchors are. */
export type TrustAnchorsOptions = {
  /** Files of PEM certificates, or the text of one. */
  readonly source: { readonly files: readonly string[] } | { readonly pem: string }
  /** How long files are not looked at again after they were, in milliseconds. */
  readonly lookEvery?: number
  /** Takes note of files that cannot be used; the anchors from before stay. Once for each state of the files. */
  readonly onFailure?: (cause: unknown) => void
}

/** A certificate whose time runs out. */
export type Expiring = { readonly name: string; readonly notAfter: NumericDate }

/** Trust anchors that are open. */
export type OpenTrustAnchors = TrustAnchors & {
  /** Reads the files again now, whether they changed or not. */
  readonly reload: () => Promise<void>
  /** The anchors that will be over within that time, or are. */
  readonly expiring: (now: NumericDate, within: Seconds) => readonly Expiring[]
}

const limits = { fileBytes: 1_048_576, anchors: 256, lookEvery: 2_000 } as const

/**
 * Opens the anchors. Each must be a CA of the profile that may issue certificates for clients.
 * @throws TrustAnchorsUnavailable
 */
export async function openTrustAnchors(options: TrustAnchorsOptions): Promise<OpenTrustAnchors> {
  const { source, lookEvery = limits.lookEvery } = options
  let anchors = 'pem' in source ? parseAnchors('the trust anchors', source.pem) : []
  let state = ''
  let lookedAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined

  const look = async (how: 'if_changed' | 'always'): Promise<void> => {
    if (!('files' in source)) return
    const found = await stateOf(source.files)
    lookedAt = performance.now()
    if (how === 'if_changed' && found === state) return
    state = found
    anchors = await readAnchors(source.files)
  }
  const lookAgain = (how: 'if_changed' | 'always'): Promise<void> => {
    const failed = options.onFailure ?? warn
    looking ??= look(how)
      .catch(failed)
      .finally(() => (looking = undefined))
    return looking
  }

  await look('always')
  const judged = new WeakMap<ClientCertificate, Judged>()
  return {
    judge: async (certificate, now) => {
      if (performance.now() - lookedAt >= lookEvery) await lookAgain('if_changed')
      const known = judged.get(certificate)
      const fresh = known?.anchors === anchors ? known : judgeOf(certificate, anchors)
      judged.set(certificate, fresh)
      if (fresh.paths.length === 0) return 'untrusted'
      if (!fresh.paths.some((path) => isInTime(path, now))) return 'expired'
      return fresh.purpose
    },
    reload: async () => {
      // One that is under way may have read what was there before.
      await looking
      await lookAgain('always')
    },
    expiring: (now, within) => anchors.map(nameAndEnd).filter(({ notAfter }) => notAfter <= now + within),
  }
}

function warn(cause: unknown): void {
  process.emitWarning(cause instanceof Error ? cause : 'the trust anchors cannot be read again')
}

/** What does not change while the anchors stay: every way there is, whatever the time. */
type Judged = {
  readonly anchors: readonly ParsedCertificate[]
  readonly paths: readonly Path[]
  readonly purpose: 'trusted' | 'not_for_clients'
}

function judgeOf({ chain }: ClientCertificate, anchors: readonly ParsedCertificate[]): Judged {
  const [leaf, ...sent] = chain.map(acceptable)
  if (leaf === undefined) return { anchors, paths: [], purpose: 'not_for_clients' }
  const usable = sent.filter((one) => one !== undefined)
  return { anchors, paths: pathsTo(anchors, leaf, usable), purpose: isForClients(leaf) ? 'trusted' : 'not_for_clients' }
}

function acceptable(der: Uint8Array): ParsedCertificate | undefined {
  try {
    return parseCertificate(der)
  } catch (error) {
    if (error instanceof UnacceptableCertificate) return undefined
    throw error
  }
}

function nameAndEnd({ certificate }: ParsedCertificate): Expiring {
  return {
    name: formatDistinguishedName(certificate.subjectName),
    notAfter: numericDate(Math.max(0, certificate.notAfter)),
  }
}

/** Changes when a file does, also when it is replaced by another one or goes away. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = files.map(async (file) => {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(file)
      return [mtimeMs, ctimeMs, size, ino].join(' ')
    } catch {
      return 'not there'
    }
  })
  return (await Promise.all(states)).join('\n')
}

async function readAnchors(files: readonly string[]): Promise<readonly ParsedCertificate[]> {
  const anchors: ParsedCertificate[] = []
  for (const file of files) anchors.push(...parseAnchors(basename(file), await readText(file)))
  if (anchors.length > limits.anchors) throw new TrustAnchorsUnavailable('trust anchors', 'there are more than 256')
  return anchors
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size <= limits.fileBytes) return await readFile(file, 'utf8')
  } catch (cause) {
    throw new TrustAnchorsUnavailable(basename(file), 'the trust anchors cannot be read', cause)
  }
  throw new TrustAnchorsUnavailable(basename(file), 'too large for trust anchors')
}

function parseAnchors(source: string, pem: string): readonly ParsedCertificate[] {
  const chain = parsePemFile(pem)
  if (chain === undefined)
    throw new TrustAnchorsUnavailable(source, 'there must be PEM certificates, and nothing broken')
  return chain.map((der, index) => parseAnchor(`${source}, certificate ${index + 1}`, der))
}

function parseAnchor(source: string, der: Uint8Array): ParsedCertificate {
  let anchor: ParsedCertificate
  try {
    anchor = parseCertificate(der)
  } catch (cause) {
    const why = cause instanceof UnacceptableCertificate ? cause.message : 'it cannot be read'
    throw new TrustAnchorsUnavailable(source, why, cause)
  }
  if (!mayIssue(anchor)) {
    throw new TrustAnchorsUnavailable(
      source,
      'not a CA that may issue certificates for clients without name constraints',
    )
  }
  return anchor
}
