import { Command } from 'commander'
import { ConfigError, configJsonSchema } from '../node/config/index.ts'
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

function validate(options: ValidateOptions): void {
  try {
    const { server, listen, store, mode } = configured(options)
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
