/** The demo: an authorization server, a bank behind the guard, an app, and a thief. */

import { ListenerUnavailable } from '../node/listener.ts'
import { demoUser } from './authorization-server.ts'
import type { Incident } from './incidents.ts'
import { renderStory, renderStoryAsJson } from './report.ts'
import { tellStory } from './script.ts'
import { anyPorts, standardPorts, startWorld, type World, type WorldPorts } from './world.ts'

/** How the demo runs. */
export type DemoOptions = {
  /** The whole story without a browser, then the end; else it serves until it is told to stop. */
  readonly script: boolean
  /** The story for machines. */
  readonly json: boolean
  /** Other ports than the standard ones; the script takes any free ones unless told. */
  readonly ports?: WorldPorts
}

/**
 * Runs the demo. The exit code: 0 when all went well, 3 when something honest failed or something stolen was not
 * refused by the right rule, 4 when a port is taken.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { script, ports = script ? anyPorts : standardPorts } = options
  try {
    const world = await startWorld(ports, script ? undefined : tellRefusal)
    try {
      return script ? await runScript(world, options, terminal) : await serveUntilStopped(world)
    } finally {
      await world.close()
    }
  } catch (error) {
    if (!(error instanceof ListenerUnavailable)) throw error
    process.stderr.write(`strongroom demo: ${error.message}\n`)
    return 4
  }
}

/** Where the story is told: its progress as it goes, its outcome at the end. */
export type Audience = { readonly progress: (line: string) => void; readonly outcome: (text: string) => void }

const terminal: Audience = {
  progress: (line) => process.stderr.write(`${line}\n`),
  outcome: (text) => process.stdout.write(text),
}

/** Tells the story; the exit code: 0 when all went well, else 3. */
export async function runScript(
  world: World,
  { json }: Pick<DemoOptions, 'json'>,
  { progress, outcome }: Audience,
): Promise<number> {
  const story = await tellStory(world, progress)
  outcome(json ? renderStoryAsJson(story) : `\n${renderStory(story)}`)
  return story.ok ? 0 : 3
}

async function serveUntilStopped({
  app,
  issuer,
  mtls,
  bank,
  statements,
  certificates,
  machine,
}: World): Promise<number> {
  const { authority, certificate, key } = certificates.machineFiles
  process.stdout.write(`The demo is running, on this machine only and in memory only.

  ${app}    the app: start here and connect your bank
  ${app}/heist    be the thief: every theft is one click
  ${app}/heist    the same app, for thieves: try every theft with one click
  ${issuer}    the authorization server: sign in as ${demoUser.username}, with the password that is filled in
  ${bank}    the bank's API, behind the guard
  ${mtls}   the same authorization server, for clients with certificates
  ${statements}   the bank's statements for machines, over mutual TLS

A machine says who it is by its certificate; leave out --cert and --key, and it gets nothing:

  curl --cacert ${authority} --cert ${certificate} --key ${key} \\
    ${mtls}/token -d grant_type=client_credentials -d client_id=${machine.clientId}

Every refusal is told here by name. Stop with Ctrl+C.
The whole story with a thief, without a browser: npm run demo -- --script
`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  return 0
}

function tellRefusal({ step, rule, correlationId, outcome }: Incident): void {
  // The first word between a client and a server, not an incident. RFC 9449 §8.
  if (rule === 'dpop_nonce_missing' || rule === 'dpop_nonce_invalid') return
  process.stderr.write(`${outcome} at ${step}: ${rule ?? 'a bug of ours'} (${correlationId})\n`)
}
