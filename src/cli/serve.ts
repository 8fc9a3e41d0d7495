import { Command } from 'commander'
import { createPages } from '../console/index.ts'
import { inLanguage, type LocalText } from '../core/local-text.ts'
import type { Config } from '../node/config/index.ts'
import { createJsonLog, createTerminalLog, type Log, standardOutput } from '../node/log.ts'
import { type Service, startService } from '../node/service.ts'
import { type ConfigOptions, configured } from './configured.ts'
import { printJsonLine, tell } from './output.ts'
import { collect } from './options.ts'
import { version } from './version.ts'

type ServeOptions = ConfigOptions & { readonly host?: string; readonly port?: string; readonly json?: true }

/** `strongroom serve`: the authorization server, until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run the authorization server')
    .option('--config <file>', 'configuration file (default: strongroom.yaml)')
    .option('--host <address>', 'loopback address to listen on')
    .option('--port <number>', 'port to listen on')
    .option('--set <path=value>', 'any other key of the configuration; may repeat', collect)
    .option('--json', 'log JSON lines even to a terminal')
    .addHelpText(
      'after',
      `
Examples:
  strongroom serve
  strongroom serve --config /etc/strongroom/strongroom.yaml --port 4401
  STRONGROOM_LISTEN__PORT=4401 strongroom serve --set lifetimes.accessToken=120

The log goes to standard output, one JSON line for each event. SIGTERM lets running requests end.`,
    )
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const config = configured(options, { 'listen.host': options.host, 'listen.port': options.port })
  const log = logOf(config, options)
  try {
    // Heard from the start, so that no signal falls between starting and waiting.
    const signal = untilSignal()
    const service = await startService(config, { audit: log.audit, pages: createPages(config.pages) })
    announce(config, service, options)
    tell(`strongroom: ${await signal}: letting running requests end`)
    await service.close()
  } finally {
    log.flush()
  }
}

function logOf({ log: { level } }: Config, { json }: ServeOptions): Log {
  const sink = standardOutput()
  return process.stdout.isTTY && json !== true ? createTerminalLog({ level, sink }) : createJsonLog({ level, sink })
}

function announce(config: Config, { url, mutualTlsUrl, warnings }: Service, { json }: ServeOptions): void {
  const { issuer, apis, signInApp } = config.server
  const store = config.store.kind === 'sqlite' ? config.store.path : 'in memory, gone with this process'
  if (json === true) {
    const { mode } = config
    const at = { url, mtlsUrl: mutualTlsUrl }
    return printJsonLine({ ready: true, version: version(), issuer, ...at, store, apis: apis.length, mode, warnings })
  }
  tell(`Strongroom ${version()}: FAPI 2.0 authorization server`)
  tell(`  issuer   ${issuer}`)
  tell(
    `  listens  ${url}${config.mode === 'production' && config.listen.tls === undefined ? '  (TLS ends in front of it)' : ''}`,
  )
  if (mutualTlsUrl !== undefined) tell(`  listens  ${mutualTlsUrl}  (client certificates)`)
  tell(`  store    ${store}`)
  tell(`  APIs     ${apis.length === 0 ? 'none' : apis.map(({ name }) => name).join(', ')}`)
  if (signInApp !== undefined) tell(`  signs in  ${signInApp.url}`)
  if (config.upstream.length > 0) tell(`  people of  ${config.upstream.map(({ name }) => nameOf(name)).join(', ')}`)
  for (const warning of warnings) tell(`  WARNING  ${warning}`)
  if (config.mode === 'development_loopback') {
    tell('  DEVELOPMENT LOOPBACK: plain http, reachable from this machine only. Not for production.')
  }
}

/** In the language that it was written in first. */
function nameOf(name: LocalText): string {
  return inLanguage(name, []).text
}

/** The first SIGTERM or SIGINT; a second one ends the process at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}
