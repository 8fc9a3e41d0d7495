import { Command } from 'commander'
import type { SigningAlgorithm } from '../core/profile.ts'
import type { Config } from '../node/config/index.ts'
import { type ListedKey, listKeys, removeKey, rotateKeys, type Rotation } from '../node/keys/manage.ts'
import type { KeyOptions } from '../node/keys/stored-key.ts'
import { random, sha256, systemClock } from '../node/runtime.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { type ConfigOptions, configured, withManaged } from './configured.ts'
import { misuse } from './failures.ts'
import { collect, common } from './options.ts'
import { print, printJson, printTable, tell } from './output.ts'
import { recordChange } from './record-change.ts'
import { instant, instantOrDash } from './times.ts'

type CommonOptions = ConfigOptions & { readonly json?: true }
type AlgOptions = CommonOptions & { readonly alg?: readonly string[] }
type RotateOptions = AlgOptions & { readonly now?: true }
type RemoveOptions = CommonOptions & { readonly yes?: true }

/** `strongroom key`: the keys this server signs with. Works while the server runs. */
export function keyCommand(): Command {
  const command = new Command('key')
    .description('look after the keys that tokens are signed with')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom key list\n  strongroom key rotate\n  strongroom key remove vQ3…\n\nKeys rotate by themselves: keys.rotateEvery and keys.publishAhead.',
    )
  common(command.command('list'), 'list the signing keys: next, active, retiring, retired')
    .option('--alg <alg>', 'only those of this algorithm; may repeat', collect)
    .addHelpText('after', '\nExamples:\n  strongroom key list\n  strongroom key list --alg ES256 --json')
    .action(list)
  common(command.command('rotate'), 'make the next key, which signs once everybody can know it')
    .option('--alg <alg>', 'only of this algorithm; may repeat', collect)
    .option('--now', 'it signs at once: who keeps the key set refuses its tokens for up to five minutes')
    .addHelpText(
      'after',
      `
Examples:
  strongroom key rotate
  strongroom key rotate --alg ES256
  strongroom key rotate --now

The former key stays published as long as anybody has use for what it signed. To stop trusting a key that was stolen,
use \`strongroom key remove\`.`,
    )
    .action(rotate)
  common(command.command('remove'), 'stop trusting a key at once: everything it signed is refused')
    .argument('<kid>')
    .option('--yes', 'also when it is the one that signs: another one then signs at once')
    .addHelpText('after', '\nExamples:\n  strongroom key remove vQ3…\n  strongroom key remove vQ3… --yes --json')
    .action(remove)
  return command
}

function algorithmsOf({ alg }: AlgOptions, { keys: { algorithms } }: Config): readonly SigningAlgorithm[] {
  if (alg === undefined) return algorithms
  return alg.map((name) => {
    const found = algorithms.find((known) => known === name)
    return found ?? misuse(`--alg must be one of keys.algorithms: ${algorithms.join(', ')}`)
  })
}

function managementOf({ keys }: Config, { keys: store }: ManagedStore['store']): Omit<KeyOptions, 'sealing'> {
  const { algorithms, schedule } = keys
  return { store, algorithms, schedule, clock: systemClock, random, hash: sha256 }
}

function keyOptionsOf(config: Config, store: ManagedStore['store']): KeyOptions {
  const sealing = config.keys.sealing ?? misuse('keys.sealing: is missing')
  return { ...managementOf(config, store), sealing }
}

/** Nothing of the private part is in it. */
function shown({ kid, alg, state, createdAt, activeFrom, publishedUntil }: ListedKey): object {
  return {
    kid,
    alg,
    state,
    created_at: createdAt,
    active_from: activeFrom,
    published_until: publishedUntil ?? null,
  }
}

async function list(options: AlgOptions): Promise<void> {
  const config = configured(options)
  const wanted: readonly string[] | undefined = options.alg && algorithmsOf(options, config)
  const every = await withManaged(config, (store) => listKeys(managementOf(config, store)))
  const keys = every.filter(({ alg }) => wanted === undefined || wanted.includes(alg))
  if (options.json === true) return printJson(keys.map(shown))
  printTable([
    ['KID', 'ALG', 'STATE', 'CREATED', 'SIGNS FROM', 'PUBLISHED UNTIL'],
    ...keys.map(({ kid, alg, state, createdAt, activeFrom, publishedUntil }) => [
      kid,
      alg,
      state,
      instant(createdAt),
      instant(activeFrom),
      instantOrDash(publishedUntil),
    ]),
  ])
}

async function rotate(options: RotateOptions): Promise<void> {
  const config = configured(options)
  const algorithms = [...new Set(algorithmsOf(options, config))]
  const activation = options.now === true ? 'now' : 'ahead'
  const rotation = await withManaged(config, async (store) => {
    const done = await rotateKeys(keyOptionsOf(config, store), { algorithms, activation })
    for (const { kid, alg } of done.made) {
      const reason = activation === 'now' ? 'key_made_active' : 'key_made'
      await recordChange({ config, store }, { type: 'admin.key_event', reason, evidence: { kid, alg } })
    }
    return done
  })
  if (options.json === true) {
    printJson({ made: rotation.made.map(shown), waiting: rotation.waiting.map(shown) })
  } else sayRotation(rotation)
  if (activation === 'now') {
    tell('who keeps the key set, for up to 300 seconds, refuses tokens of a key it does not find there')
  }
}

function sayRotation({ made, waiting }: Rotation): void {
  for (const { alg, kid, activeFrom } of made) print(`${alg}  ${kid}  signs from ${instant(activeFrom)}`)
  for (const { alg, kid, activeFrom } of waiting) {
    print(`${alg}  ${kid}  was waiting already, signs from ${instant(activeFrom)}`)
  }
}

async function remove(kid: string, options: RemoveOptions): Promise<void> {
  const config = configured(options)
  const active = options.yes === true ? 'replaced' : 'refused'
  const removal = await withManaged(config, async (store) => {
    const done = await removeKey(keyOptionsOf(config, store), kid, { active })
    if (done.outcome === 'unknown') return misuse(`there is no key "${kid}"`)
    if (done.outcome === 'is_active') {
      return misuse(`"${kid}" signs now: with --yes it goes, all it signed is refused, and another one signs at once`)
    }
    const { alg } = done.key
    await recordChange({ config, store }, { type: 'admin.key_event', reason: 'key_removed', evidence: { kid, alg } })
    if (done.replacement !== undefined) {
      const evidence = { kid: done.replacement.kid, alg }
      await recordChange({ config, store }, { type: 'admin.key_event', reason: 'key_made_active', evidence })
    }
    return done
  })
  if (options.json === true) {
    return printJson({
      removed: kid,
      replacement: removal.replacement === undefined ? null : shown(removal.replacement),
    })
  }
  print(`removed ${kid}: what it signed is refused from now on`)
  if (removal.replacement !== undefined) print(`${removal.replacement.alg}  ${removal.replacement.kid}  signs now`)
}
