import type { Command } from 'commander'
import type { Passkey, UserRecord } from '../core/people.ts'
import { username } from '../core/names.ts'
import { systemClock } from '../node/runtime.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { type ConfigOptions, configured, withManaged } from './configured.ts'
import { misuse } from './failures.ts'
import { common } from './options.ts'
import { print, printJson, printTable } from './output.ts'
import { recordChange } from './record-change.ts'
import { instant, instantOrDash } from './times.ts'

type Options = ConfigOptions & { readonly json?: true; readonly remove?: string; readonly removeAll?: true }
type Managed = ManagedStore['store']

/** `strongroom user passkeys`: what a person signs in with, and help for who lost it. */
export function passkeysCommand(command: Command): Command {
  return common(command, 'list the passkeys of a person, or remove them')
    .argument('<username>')
    .option('--remove <id>', 'remove this one; every sign-in and grant of the person ends')
    .option('--remove-all', 'remove all of them, for somebody who lost them; every sign-in and grant ends')
    .addHelpText(
      'after',
      `
Examples:
  strongroom user passkeys alice
  strongroom user passkeys alice --remove yG4tXQ…
  strongroom user passkeys alice --remove=-8vKdQ…
  strongroom user passkeys alice --remove-all

An id that begins with a dash is written with an equals sign. Who has no passkey left signs in with a password, or
where they signed in before; make sure who asks you for this is the person.`,
    )
    .action(passkeys)
}

async function passkeys(name: string, options: Options): Promise<void> {
  if (options.remove !== undefined && options.removeAll === true) misuse('say which: --remove or --remove-all')
  if (options.remove !== undefined || options.removeAll === true) return remove(name, options)
  const found = await withManaged(configured(options), async (store) => {
    const { subject } = await personNamed(name, store)
    return store.passkeys.list(subject)
  })
  if (options.json === true) return printJson(found.map(shown))
  printTable([
    ['NAME', 'ID', 'ADDED', 'LAST USED', 'BACKUP'],
    ...found.map((one) => [
      one.name,
      one.credentialId,
      instant(one.createdAt),
      instantOrDash(one.lastUsedAt),
      one.backup,
    ]),
  ])
}

async function personNamed(name: string, store: Managed): Promise<UserRecord> {
  const user = username(name)
  return (await store.users.byUsername(user)) ?? misuse(`there is no person "${user}"`)
}

function shown({ credentialId, name, createdAt, lastUsedAt, backup }: Passkey): object {
  return { name, id: credentialId, created_at: createdAt, last_used_at: lastUsedAt ?? null, backup }
}

async function remove(name: string, options: Options): Promise<void> {
  const config = configured(options)
  const which = options.remove === undefined ? 'all' : { credentialId: options.remove }
  const { user, removed } = await withManaged(config, async (store) => {
    const user = await personNamed(name, store)
    const count = await store.passkeys.withdraw(user.username, which, systemClock())
    if (count === 0) misuse(`${user.username} has no ${which === 'all' ? 'passkeys' : 'such passkey'}`)
    const change = { type: 'user.passkey.removed', outcome: 'revoked', reason: 'by_the_operator' } as const
    await recordChange({ config, store }, { ...change, subject: user.subject, evidence: { passkeys: count } })
    return { user, removed: count }
  })
  if (options.json === true) return printJson({ username: user.username, removed })
  print(`removed ${removed} of the passkeys of ${user.username}; every sign-in and grant has ended`)
}
