/** Certificates for development on this machine, from a CA whose key nobody keeps. */

import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DistinguishedName } from '../../core/certificate.ts'
import type { Clock, Random } from '../../core/ports.ts'
import {
  alternativeNames,
  basicConstraints,
  extendedKeyUsage,
  keyIdentifiers,
  keyUsage,
  makeCertificate,
  pemOf,
  purposes,
} from './make-certificate.ts'

/** Where to, and for whom. */
export type DevelopmentCaOptions = {
  readonly directory: string
  /** The name in the certificate of the client. */
  readonly clientSubject: DistinguishedName
  /** What becomes of files that are there already. */
  readonly existing: 'keep' | 'replace'
  readonly clock: Clock
  readonly random: Random
}

/** The files, in the directory that was asked for. */
export const developmentFiles = {
  ca: 'ca.pem',
  serverCertificate: 'server.pem',
  serverKey: 'server.key',
  clientCertificate: 'client.pem',
  clientKey: 'client.key',
} as const

/** What became of the files. */
export type DevelopmentCa = { readonly outcome: 'made' | 'kept'; readonly files: readonly string[] }

/** Some of the files are there and some are not: what is missing cannot be made to fit. One line for the operator. */
export class DevelopmentCaIncomplete extends Error {
  override readonly name = 'DevelopmentCaIncomplete'
  constructor(missing: string) {
    super(`${missing} is missing beside files it belongs to: remove them, or replace them all`)
  }
}

const year = 365 * 86_400

/**
 * Makes a CA, a certificate for this machine under its loopback names, and one for a client; keys are P-256, in files of
 * mode 0600. The key of the CA is forgotten, so that nothing else can be issued under it.
 * @throws DevelopmentCaIncomplete
 */
export function makeDevelopmentCa(options: DevelopmentCaOptions): DevelopmentCa {
  const { directory, existing } = options
  const files = Object.values(developmentFiles).map((name) => join(directory, name))
  const missing = files.find((file) => !existsSync(file))
  const isAnyThere = files.some((file) => existsSync(file))
  if (existing === 'keep' && missing === undefined) return { outcome: 'kept', files }
  if (existing === 'keep' && isAnyThere && missing !== undefined) throw new DevelopmentCaIncomplete(missing)

  mkdirSync(directory, { recursive: true })
  const ca = newAuthority(options)
  const server = issue(ca, { ...options, subject: commonName('localhost'), extensions: serverExtensions })
  const client = issue(ca, { ...options, subject: options.clientSubject, extensions: clientExtensions })
  write(directory, developmentFiles.ca, pemOf(ca.certificate), 0o644)
  write(directory, developmentFiles.serverCertificate, pemOf(server.certificate), 0o644)
  write(directory, developmentFiles.serverKey, privatePem(server.privateKey), 0o600)
  write(directory, developmentFiles.clientCertificate, pemOf(client.certificate), 0o644)
  write(directory, developmentFiles.clientKey, privatePem(client.privateKey), 0o600)
  return { outcome: 'made', files }
}

type Issued = { readonly certificate: Uint8Array; readonly privateKey: KeyObject }
type Authority = Issued & { readonly name: DistinguishedName }
type Made = Pick<DevelopmentCaOptions, 'clock' | 'random'>

const serverExtensions = [
  keyUsage(0x80),
  extendedKeyUsage(purposes.serverAuth),
  alternativeNames('localhost', Uint8Array.of(127, 0, 0, 1), Uint8Array.from([...Array<number>(15).fill(0), 1])),
]
const clientExtensions = [keyUsage(0x80), extendedKeyUsage(purposes.clientAuth)]

function commonName(value: string): DistinguishedName {
  return [[{ type: '2.5.4.3', value }]]
}

function newAuthority({ clock, random }: Made): Authority {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = createPublicKey(privateKey)
  // Every CA has a name of its own: a browser that trusts an old one must not take it for the issuer.
  const name = commonName(
    `Strongroom development ${createHash('sha256').update(spkiOf(publicKey)).digest('hex').slice(0, 8)}`,
  )
  const extensions = [basicConstraints(0), keyUsage(0x06), ...keyIdentifiers(publicKey, publicKey)]
  const content = { subject: name, publicKey, issuer: { name, privateKey }, extensions, ...times(clock) }
  return { name, privateKey, certificate: makeCertificate(content, random) }
}

function issue(
  ca: Authority,
  { subject, extensions, clock, random }: Made & { subject: DistinguishedName; extensions: readonly Uint8Array[] },
): Issued {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = createPublicKey(privateKey)
  const identifiers = keyIdentifiers(publicKey, createPublicKey(ca.privateKey))
  const content = { subject, publicKey, issuer: ca, extensions: [...extensions, ...identifiers], ...times(clock) }
  return { privateKey, certificate: makeCertificate(content, random) }
}

/** From a moment ago, so that clocks may differ, for a year: browsers take no more than 398 days. */
function times(clock: Clock): { readonly notBefore: number; readonly notAfter: number } {
  return { notBefore: clock() - 300, notAfter: clock() + year }
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

function privatePem(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }))
}

function write(directory: string, name: string, text: string, mode: number): void {
  const file = join(directory, name)
  rmSync(file, { force: true })
  writeFileSync(file, text, { flag: 'wx', mode })
}
