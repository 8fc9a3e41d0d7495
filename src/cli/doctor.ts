import { X509Certificate } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Command } from 'commander'
import { issuer as issuerOf, orUndefined } from '../core/names.ts'
import { examine } from '../node/doctor/examine.ts'
import type { Finding } from '../node/doctor/finding.ts'
import { examineOwn } from '../node/doctor/own.ts'
import { EgressRefused } from '../node/egress.ts'
import { configured, type ConfigOptions, withManaged } from './configured.ts'
import { CommandFailure, exitCodes, misuse } from './failures.ts'
import { readText } from './files.ts'
import { common } from './options.ts'
import { print, printJson, printTable, tell } from './output.ts'

type DoctorOptions = ConfigOptions & { readonly json?: true; readonly url?: string; readonly ca?: string }

/** `strongroom doctor`: what a client sees through the public URL. */
export function doctorCommand(): Command {
  return common(new Command('doctor'), 'look at the running server through its public URL, as a client would')
    .option('--url <issuer>', 'another issuer than the configured one; nothing of the configuration is looked at')
    .option('--ca <file>', 'an authority to trust besides the installed ones, PEM; for development')
    .addHelpText(
      'after',
      `
Looks at the metadata, the key set, TLS, the clock, and how proxies treat forged headers; of the configured server also
at its certificates, trust anchors and signing keys. Exit code 3 when something is bad, 4 when nothing answers.

Examples:
  strongroom doctor
  strongroom doctor --url https://login.example --json`,
    )
    .action(doctor)
}

async function doctor(options: DoctorOptions): Promise<void> {
  if (options.ca !== undefined) trustAlso(readText(options.ca))
  const findings = await look(options)
  const isBad = findings.some(({ verdict }) => verdict === 'bad')
  if (options.json === true) printJson({ good: !isBad, findings })
  else show(findings)
  if (isBad) process.exitCode = exitCodes.findings
}

/** For every connection of this process: it makes no others than to look. */
function trustAlso(pem: string): void {
  try {
    new X509Certificate(pem)
    setDefaultCACertificates([...getCACertificates('default'), pem])
  } catch {
    misuse('--ca holds no certificate in PEM')
  }
}

async function look({ url, ...options }: DoctorOptions): Promise<readonly Finding[]> {
  const config = url === undefined ? configured(options) : undefined
  const issuer =
    config?.server.issuer ?? orUndefined(() => issuerOf(url ?? '')) ?? misuse('--url is no issuer identifier')
  const progress = (what: string) => {
    if (process.stderr.isTTY) tell(`looking at ${what}`)
  }
  try {
    const mutualTlsOrigin = config?.server.mutualTlsOrigin
    const outside = await examine({ issuer, mutualTlsOrigin, clock: Date.now, progress })
    if (config === undefined || config.store.kind === 'memory') return outside
    return [...outside, ...(await withManaged(config, (store) => examineOwn(config, store.keys)))]
  } catch (error) {
    if (error instanceof EgressRefused) throw new CommandFailure(exitCodes.unreachable, `${issuer}: ${why(error)}`)
    throw error
  }
}

/** What is behind a refusal, as far as it helps whoever started the server. */
function why({ reason, cause }: EgressRefused): string {
  const codes = codesOf(cause)
  const found = codes.find((code) => reasons.has(code))
  const told = found === undefined ? undefined : reasons.get(found)
  return [reason, ...(told === undefined ? codes.slice(-1) : [told])].join(': ')
}

const untrusted = 'its certificate leads to no authority that is trusted here; --ca names another'

const reasons: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'the name is not known'],
  ['EAI_AGAIN', 'the name is not known'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS'],
  ['UND_ERR_SOCKET', 'it ends the connection, as one that wants TLS does'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted],
])

/** The codes of an error and of those that caused it, the first cause last. */
function codesOf(error: unknown): readonly string[] {
  const codes: string[] = []
  for (let one = error, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) {
    if ('code' in one && typeof one.code === 'string') codes.push(one.code)
  }
  return codes
}

const marks = { good: '✔', doubtful: '!', bad: '✖' } as const satisfies Record<Finding['verdict'], string>

function show(findings: readonly Finding[]): void {
  printTable(findings.map(({ verdict, about, what }) => [marks[verdict], about, what]))
  for (const { verdict, what, hint } of findings) {
    if (hint !== '') print(`\n${marks[verdict]} ${what}\n  ${hint}`)
  }
}
