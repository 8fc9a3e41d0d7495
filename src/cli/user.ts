import { Command } from 'commander'
import type { UserRecord } from '../core/flow.ts'
import { numericDate, subject, type Username, username } from '../core/names.ts'
import { createPasswords } from '../node/passwords.ts'
import { random, systemClock } from '../node/runtime.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { all, type ConfigOptions, configured, withManaged } from './configured.ts'
import { misuse } from './failures.ts'
import { leastPasswordCharacters, newPassword, type PasswordOptions } from './password.ts'
import { print, printJson, printTable } from './output.ts'
import { common } from './options.ts'
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
      '\nExamples:\n  strongroom user add alice\n  strongroom user list\n  strongroom user lock alice',
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
  return command
}

async function add(name: string, options: AddOptions): Promise<void> {
  const config = configured(options)
  const user: UserRecord = {
    // With a prefix, so that none begins with a dash, or looks like a client. FAPI 2.0 SP §6.7.
    subject: subject(`u-${random(16)}`),
    username: username(name),
    passwordHash: await createPasswords().hash((await newPassword(options)).reveal()),
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
function shown({ subject: sub, username: user, status, createdAt, claims }: UserRecord): object {
  return { username: user, sub, status, created_at: createdAt, ...claims }
}

async function list(options: CommonOptions): Promise<void> {
  const users = await withManaged(configured(options), (store) =>
    all<UserRecord, Username>(store.users.list, (user) => user.username),
  )
  if (options.json === true) return printJson(users.map(shown))
  printTable([
    ['USERNAME', 'SUBJECT', 'STATUS', 'NAME'],
    ...users.map((user) => [user.username, user.subject, user.status, user.claims.name ?? '']),
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
  const passwordHash = await createPasswords().hash((await newPassword(options)).reveal())
  const work = (store: Managed) => store.users.setPassword(user, passwordHash, systemClock())
  await change(options, user, 'user_password_set', work)
  if (options.json === true) return printJson({ username: user })
  print(`${user} has a new password`)
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
