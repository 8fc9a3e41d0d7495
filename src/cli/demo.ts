import { Command } from 'commander'
import { exitCodes } from './failures.ts'

type DemoOptions = { readonly script?: true; readonly json?: true }

/** `strongroom demo`: a bank, an application and a thief on this machine. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('a bank, an app and a thief on this machine: watch stolen tokens being refused')
    .option('--script', 'the whole story without a browser, then end')
    .option('--json', 'the same, and print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom demo\n  strongroom demo --script\n  strongroom demo --script --json',
    )
    .action(demo)
}

async function demo(options: DemoOptions): Promise<void> {
  // Loaded only here: no other command needs the demo.
  const { runDemo } = await import('../demo/index.ts')
  const code = await runDemo({ script: options.script === true || options.json === true, json: options.json === true })
  if (code !== exitCodes.clean) process.exitCode = code
}
