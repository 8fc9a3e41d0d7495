import { Command } from 'commander'
import { type Config, ConfigError, configJsonSchema } from '../node/config/index.ts'
import { readServerCertificate, ServerCertificateUnavailable } from '../node/tls/server-certificate.ts'
import { openTrustAnchors, TrustAnchorsUnavailable } from '../node/tls/trust-anchors.ts'
import { type ConfigOptions, configured } from './configured.ts'
import { print, printJson } from './output.ts'
import { collect } from './options.ts'

type ValidateOptions = ConfigOptions & { readonly json?: true }

/** `strongroom config`: look at a configuration without starting anything. */
export function configCommand(): Command {
  const command = new Command('config')
    .description('check the configuration')
    .addHelpText('after', '\nExamples:\n  strongroom config validate\n  strongroom config schema')
  command
    .command('validate')
    .description('say everything that is wrong with the configuration')
    .option('--config <file>', 'configuration file (default: strongroom.yaml)')
    .option('--set <path=value>', 'a key of the configuration; may repeat', collect)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom config validate\n  strongroom config validate --config prod.yaml --json',
    )
    .action(validate)
  command
    .command('schema')
    .description('print the JSON Schema of strongroom.yaml')
    .option('--json', 'the schema is JSON anyway')
    .addHelpText('after', '\nExample:\n  strongroom config schema > strongroom.schema.json')
    .action(() => printJson(configJsonSchema()))
  return command
}

async function validate(options: ValidateOptions): Promise<void> {
  try {
    const config = configured(options)
    await checkFiles(config)
    const { server, listen, store, mode } = config
    if (options.json === true) {
      return printJson({ valid: true, problems: [], issuer: server.issuer, listen, store, mode })
    }
    print(
      `valid: ${server.issuer}, ${server.apis.length} API${server.apis.length === 1 ? '' : 's'}${mode === 'production' ? '' : ', development loopback'}`,
    )
  } catch (error) {
    if (options.json === true && error instanceof ConfigError) printJson({ valid: false, problems: error.lines })
    throw error
  }
}

/** The certificates, keys and trust anchors that the configuration names. @throws ConfigError with all that is wrong */
async function checkFiles({ listen, mtls, clientCertificates }: Config): Promise<void> {
  const { trustAnchors: files } = clientCertificates
  const lines = [
    ...(await problemOf('listen.tls', async () => listen.tls && readServerCertificate(listen.tls))),
    ...(await problemOf('mtls.tls', async () => mtls?.tls && readServerCertificate(mtls.tls))),
    ...(await problemOf('clientCertificates.trustAnchors', () => openTrustAnchors({ source: { files } }))),
  ]
  if (lines.length > 0) throw new ConfigError(lines)
}

async function problemOf(key: string, open: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await open()
    return []
  } catch (error) {
    if (!(error instanceof ServerCertificateUnavailable || error instanceof TrustAnchorsUnavailable)) throw error
    return [`${key}: ${error.message}`]
  }
}
