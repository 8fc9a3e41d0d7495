import type { Command } from 'commander'

/** Gathers the values of an option that may repeat. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

/** What every command on users and clients takes. */
export function common(command: Command, description: string): Command {
  return command
    .description(description)
    .option('--config <file>', 'configuration file (default: strongroom.yaml)')
    .option('--set <path=value>', 'a key of the configuration; may repeat', collect)
    .option('--json', 'print the result as JSON')
}
