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
    if (error instanceof EgressRefused) throw new CommandFailure(exitCodes.unreachable, `${issuer}: ${error.message}`)
    throw error
  }
}

const marks = { good: '✔', doubtful: '!', bad: '✖' } as const satisfies Record<Finding['verdict'], string>

function show(findings: readonly Finding[]): void {
  printTable(findings.map(({ verdict, about, what }) => [marks[verdict], about, what]))
  for (const { verdict, what, hint } of findings) {
    if (hint !== '') print(`\n${marks[verdict]} ${what}\n  ${hint}`)
  }
}
