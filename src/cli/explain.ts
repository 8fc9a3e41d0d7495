import { Command } from 'commander'
import { clientId, orUndefined } from '../core/names.ts'
import { configured, type ConfigOptions, withManaged } from './configured.ts'
import { explain } from './explanation.ts'
import { misuse } from './failures.ts'
import { common } from './options.ts'
import { print, printJson, printTable } from './output.ts'

/** `strongroom explain`: which rules apply to somebody, and who decided on them. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('say which rules apply, and where each comes from')
    .addHelpText('after', '\nExample:\n  strongroom explain client c-4vNfh3…')
  common(command.command('client'), 'everything that holds for one client: facts, then every rule that can refuse it')
    .argument('<client_id>')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom explain client c-4vNfh3…\n  strongroom explain client c-4vNfh3… --json',
    )
    .action(explainClient)
  return command
}

async function explainClient(id: string, options: ConfigOptions & { readonly json?: true }): Promise<void> {
  const wanted = orUndefined(() => clientId(id)) ?? misuse('that is no client identifier')
  const config = configured(options)
  const client = await withManaged(config, (store) => store.clients.find(wanted))
  if (client === undefined) return misuse(`there is no client "${wanted}"`)
  const { facts, rules } = explain(client, config.server)
  if (options.json === true) return printJson({ client_id: wanted, client_name: client.name, facts, rules })
  print(`${wanted}: what holds`)
  printTable([
    ['WHAT', 'VALUE', 'DECIDED BY', 'CLAUSE'],
    ...facts.map(({ what, value, source, clause }) => [what, value, source, clause]),
  ])
  print('')
  print(`${rules.length} rules can refuse it; docs/refusals.md says how each is mended`)
  printTable([['STEP', 'RULE', 'CLAUSE'], ...rules.map(({ step, rule, clause }) => [step, rule, clause])])
}
