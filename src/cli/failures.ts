/** How a command ends: exit codes, and one line on standard error for each failure. */

import { CommanderError } from 'commander'
import { MalformedName } from '../core/names.ts'
import { ConfigError } from '../node/config/index.ts'
import { SigningKeysUnavailable } from '../node/keys.ts'
import { ListenerUnavailable } from '../node/listener.ts'
import { ServerCertificateUnavailable } from '../node/tls/server-certificate.ts'
import { CertificateHeaderUnsafe } from '../node/tls/self-test.ts'
import { TrustAnchorsUnavailable } from '../node/tls/trust-anchors.ts'
import { CorruptRecord, StoreFull, StoreOverloaded, StoreUnavailable } from '../stores/errors.ts'
import { tell } from './output.ts'

/** The exit codes of every command. */
export const exitCodes = { clean: 0, unexpected: 1, usage: 2, findings: 3, unreachable: 4 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The command cannot do what was asked; one line for each reason. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: ExitCode
  readonly lines: readonly string[]
  constructor(exitCode: ExitCode, ...lines: readonly string[]) {
    super(lines.join('\n'))
    this.exitCode = exitCode
    this.lines = lines
  }
}

/** @throws CommandFailure with exit code 2, always. */
export function misuse(...lines: readonly string[]): never {
  throw new CommandFailure(exitCodes.usage, ...lines)
}

/** Says what failed, one line each, and returns the exit code. The stack only when `verbose` asks for it. */
export function report(error: unknown, verbosity: 'plain' | 'verbose'): ExitCode {
  const { exitCode, lines } = judge(error)
  for (const line of lines) tell(`strongroom: ${oneLine(line)}`)
  if (verbosity === 'verbose' && error instanceof Error && error.stack !== undefined) tell(error.stack)
  return exitCode
}

function judge(error: unknown): { readonly exitCode: ExitCode; readonly lines: readonly string[] } {
  if (error instanceof CommandFailure) return error
  if (error instanceof ConfigError) return { exitCode: exitCodes.usage, lines: error.lines }
  if (error instanceof CommanderError) {
    // Commander wrote its line itself. Help and version are no failures.
    return { exitCode: error.exitCode === 0 ? exitCodes.clean : exitCodes.usage, lines: [] }
  }
  const message = error instanceof Error ? error.message : 'unknown failure'
  if (error instanceof SigningKeysUnavailable) {
    const exitCode = error.reason === 'key_altered' ? exitCodes.unreachable : exitCodes.usage
    return { exitCode, lines: [message] }
  }
  if (error instanceof MalformedName) return { exitCode: exitCodes.usage, lines: [message] }
  if (misconfigured.some((kind) => error instanceof kind)) return { exitCode: exitCodes.usage, lines: [message] }
  if (unreachable.some((kind) => error instanceof kind)) return { exitCode: exitCodes.unreachable, lines: [message] }
  return { exitCode: exitCodes.unexpected, lines: [`unexpected: ${message} (--verbose shows where)`] }
}

const misconfigured = [ServerCertificateUnavailable, CertificateHeaderUnsafe, TrustAnchorsUnavailable] as const

const unreachable = [ListenerUnavailable, StoreUnavailable, StoreOverloaded, StoreFull, CorruptRecord] as const

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
