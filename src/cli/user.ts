import { Command } from 'commander'
import type { UserRecord } from '../core/people.ts'
import { numericDate, subject, type Username, username } from '../core/names.ts'
import { createPasswords } from '../node/passwords.ts'
import { random, systemClock } from '../node/runtime.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { all, type ConfigOptions, configured, withManaged } from './configured.ts'
import { misuse } from './failures.ts'
import { leastPasswordCharacters, newPassword, type PasswordOptions } from './password.ts'
import { print, printJson, printTable, tell } from './output.ts'
import { common } from './options.ts'
import { passkeysCommand } from './passkeys.ts'
import { recordChange } from './record-change.ts'

type CommonOptions = ConfigOptions & { readonly json?: true }
type Managed = ManagedStore['store']
type AddOptions = CommonOptions & PasswordOptions & { readonly name?: string; readonly email?: string }

const passwordHelp = `
The password is asked for without echo, or read from --password-file (- is standard input): ${leastPasswordCharacters} characters or more.
Never give a password as an argument: command lines are seen by everybody on the machine.`

/** `strongroom user`: the people who can sign in. Works while the server runs. */
export function userCommand(): Command {
  const command = new Command('user')
    .description('manage the people who can sign in')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom user add alice\n  strongroom user list\n  strongroom user lock alice\n  strongroom user passkeys alice',
    )
  common(command.command('add'), 'add a person')
    .argument('<username>')
    .option('--name <text>', 'full name, for the claim name')
    .option('--email <address>', 'for the claim email')
    .option('--password-file <file>', 'read the password from a file; - is standard input')
    .addHelpText(
      'after',
      `\nExamples:\n  strongroom user add alice --name "Alice Archer" --email alice@example.com\n  strongroom user add bob --password-file bob.txt\n${passwordHelp}`,
    )
    .action(add)
  common(command.command('list'), 'list the people')
    .addHelpText('after', '\nExample:\n  strongroom user list --json')
    .action(list)
  common(command.command('lock'), 'lock a person out; every sign-in and grant ends')
    .argument('<username>')
    .addHelpText('after', '\nExample:\n  strongroom user lock alice')
    .action((name: string, options: CommonOptions) => setLocked(name, 'locked', options))
  common(command.command('unlock'), 'let a locked person sign in again; ended grants stay ended')
    .argument('<username>')
    .addHelpText('after', '\nExample:\n  strongroom user unlock alice')
    .action((name: string, options: CommonOptions) => setLocked(name, 'active', options))
  common(command.command('passwd'), 'give a person a new password; every sign-in and grant ends')
    .argument('<username>')
    .option('--password-file <file>', 'read the password from a file; - is standard input')
    .addHelpText('after', `\nExample:\n  strongroom user passwd alice\n${passwordHelp}`)
    .action(setPassword)
  passkeysCommand(command.command('passkeys'))
  return command
}

async function add(name: string, options: AddOptions): Promise<void> {
  const config = configured(options)
  const user: UserRecord = {
    // With a prefix, so that none begins with a dash, or looks like a client. FAPI 2.0 SP §6.7.
    subject: subject(`u-${random(16)}`),
    username: username(name),
    passwordHash: await createPasswords().hash((await newPassword(options)).reveal()),
    upstream: undefined,
    status: 'active',
    notBefore: numericDate(0),
    createdAt: systemClock(),
    claims: claimsOf(options),
  }
  await withManaged(config, async (store) => {
    const outcome = await store.users.add(user)
    if (outcome === 'exists') misuse(`there is a person "${user.username}" already`)
    await recordChange({ config, store }, { type: 'admin.changed', reason: 'user_added', subject: user.subject })
  })
  if (options.json === true) return printJson(shown(user))
  print(`added ${user.username} (${user.subject})`)
}

function claimsOf({ name, email }: AddOptions): UserRecord['claims'] {
  for (const text of [name, email]) {
    if (text !== undefined && (text.length > 200 || /[\p{Cc}\p{Cf}]/u.test(text))) {
      misuse('a name or an email address has at most 200 characters, and no control characters')
    }
  }
  return { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) }
}

/** What is shown of a person: never the password hash. */
function shown({ subject: sub, username: user, status, createdAt, claims, upstream }: UserRecord): object {
  const elsewhere = upstream === undefined ? {} : { upstream }
  return { username: user, sub, status, created_at: createdAt, ...elsewhere, ...claims }
}

async function list(options: CommonOptions): Promise<void> {
  const users = await withManaged(configured(options), (store) =>
    all<UserRecord, Username>(store.users.list, (user) => user.username),
  )
  if (options.json === true) return printJson(users.map(shown))
  printTable([
    ['USERNAME', 'SUBJECT', 'STATUS', 'SIGNS IN AT', 'NAME'],
    ...users.map((user) => [
      user.username,
      user.subject,
      user.status,
      user.upstream?.provider ?? 'here',
      user.claims.name ?? '',
    ]),
  ])
}

async function setLocked(name: string, locked: 'locked' | 'active', options: CommonOptions): Promise<void> {
  const user = username(name)
  const reason = locked === 'locked' ? 'user_locked' : 'user_unlocked'
  await change(options, user, reason, (store) => store.users.setLocked(user, locked, systemClock()))
  if (options.json === true) return printJson({ username: user, status: locked })
  print(locked === 'locked' ? `locked ${user}` : `unlocked ${user}`)
}

async function setPassword(name: string, options: CommonOptions & PasswordOptions): Promise<void> {
  const user = username(name)
  await withManaged(configured(options), (store) => refuseUpstream(user, store))
  const passwordHash = await createPasswords().hash((await newPassword(options)).reveal())
  let passkeys = 0
  const work = async (store: Managed) => {
    const found = await store.users.byUsername(user)
    passkeys = found === undefined ? 0 : (await store.passkeys.list(found.subject)).length
    return store.users.setPassword(user, passwordHash, systemClock())
  }
  await change(options, user, 'user_password_set', work)
  if (options.json === true) return printJson({ username: user, passkeys })
  print(`${user} has a new password`)
  // Whoever knew the old one may have added one.
  if (passkeys > 0) tell(`${passkeys} of the passkeys of ${user} still sign in: strongroom user passkeys ${user}`)
}

/** A password would be a second way in that the provider knows nothing of. */
async function refuseUpstream(user: Username, { users }: Managed): Promise<void> {
  const provider = (await users.byUsername(user))?.upstream?.provider
  if (provider !== undefined) misuse(`"${user}" signs in at "${provider}", and has no password here`)
}

async function change(
  options: CommonOptions,
  user: Username,
  reason: string,
  work: (store: Managed) => Promise<'set' | 'unknown'>,
): Promise<void> {
  const config = configured(options)
  await withManaged(config, async (store) => {
    if ((await work(store)) === 'unknown') misuse(`there is no person "${user}"`)
    const found = await store.users.byUsername(user)
    await recordChange({ config, store }, { type: 'admin.changed', reason, subject: found?.subject })
  })
}
