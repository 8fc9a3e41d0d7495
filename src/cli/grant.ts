import { Command } from 'commander'
import { type Grant, judgeStanding } from '../core/flow.ts'
import type { UserRecord } from '../core/people.ts'
import { clientId, type GrantRef, grantRef, username } from '../core/names.ts'
import type { GrantFilter } from '../core/ports.ts'
import { systemClock } from '../node/runtime.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { type ConfigOptions, configured, withManaged } from './configured.ts'
import { misuse } from './failures.ts'
import { common } from './options.ts'
import { print, printJson, printTable } from './output.ts'
import { recordChange } from './record-change.ts'
import { instant } from './times.ts'

type CommonOptions = ConfigOptions & { readonly json?: true }
type WhoseOptions = CommonOptions & { readonly client?: string; readonly user?: string }
type ListOptions = WhoseOptions & { readonly limit: string }
type Managed = ManagedStore['store']

/** `strongroom grant`: what people allowed applications. Works while the server runs. */
export function grantCommand(): Command {
  const command = new Command('grant')
    .description('look at what people allowed applications, and take it back')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom grant list --user alice\n  strongroom grant revoke n3VY…\n  strongroom grant revoke --user alice --client c-4vNfh3…',
    )
  common(command.command('list'), 'list grants, newest first')
    .option('--client <client_id>', 'only those of this client')
    .option('--user <username>', 'only those of this person')
    .option('--limit <number>', 'at most so many, 1 to 1000', '50')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom grant list\n  strongroom grant list --user alice --client c-4vNfh3… --json',
    )
    .action(list)
  common(command.command('revoke'), 'take a grant back: every token issued under it dies with it')
    .argument('[ref]')
    .option('--user <username>', 'with --client: every grant of the two, and the consent; the person is asked again')
    .option('--client <client_id>', 'with --user')
    .addHelpText(
      'after',
      `
Examples:
  strongroom grant revoke n3VY…
  strongroom grant revoke -- -8vK…
  strongroom grant revoke --user alice --client c-4vNfh3…

A reference that begins with a dash goes after \`--\`.`,
    )
    .action(revoke)
  return command
}

async function personNamed(name: string, store: Managed): Promise<UserRecord> {
  const user = username(name)
  return (await store.users.byUsername(user)) ?? misuse(`there is no person "${user}"`)
}

async function filterOf({ client, user }: WhoseOptions, store: Managed): Promise<GrantFilter> {
  return {
    ...(client === undefined ? {} : { clientId: clientId(client) }),
    ...(user === undefined ? {} : { subject: (await personNamed(user, store)).subject }),
  }
}

type ShownGrant = {
  readonly grant: Grant
  readonly username: string | undefined
  /** `over` when nothing issued under it can be valid any more. */
  readonly state: 'live' | 'revoked' | 'over'
}

async function list(options: ListOptions): Promise<void> {
  const limit = /^\d{1,4}$/.test(options.limit) ? Number(options.limit) : 0
  if (limit < 1 || limit > 1000) misuse('--limit must be 1 to 1000')
  const grants = await withManaged(configured(options), async (store) => {
    const found = await store.grants.list(await filterOf(options, store), limit, undefined)
    return judged(found, store)
  })
  if (options.json === true) return printJson(grants.map(shown))
  printTable([
    ['REF', 'STATE', 'CLIENT_ID', 'USER', 'SCOPE', 'SINCE'],
    ...grants.map(({ grant, username: name, state }) => [
      grant.ref,
      state,
      grant.clientId,
      name ?? grant.subject,
      grant.scope.join(' '),
      instant(grant.createdAt),
    ]),
  ])
}

/** A grant counts only as long as its person and its client do; each is looked up once. */
async function judged(grants: readonly Grant[], store: Managed): Promise<readonly ShownGrant[]> {
  const now = systemClock()
  const userOf = once(store.users.bySubject)
  const clientOf = once(store.clients.find)
  const all: ShownGrant[] = []
  for (const grant of grants) {
    const user = await userOf(grant.subject)
    const standing = judgeStanding(grant, user, await clientOf(grant.clientId), now)
    all.push({ grant, username: user?.username, state: standing === 'unknown' ? 'over' : standing })
  }
  return all
}

function once<Name, T>(find: (name: Name) => Promise<T>): (name: Name) => Promise<T> {
  const found = new Map<Name, Promise<T>>()
  return (name) => {
    const known = found.get(name) ?? find(name)
    found.set(name, known)
    return known
  }
}

function shown({ grant, username: name, state }: ShownGrant): object {
  return {
    ref: grant.ref,
    state,
    client_id: grant.clientId,
    sub: grant.subject,
    username: name ?? null,
    scope: grant.scope.join(' '),
    resources: grant.resources,
    ...(grant.details.length === 0 ? {} : { authorization_details: grant.details }),
    created_at: grant.createdAt,
    expires_at: grant.expiresAt,
    revoked_at: grant.revokedAt ?? null,
  }
}

async function revoke(ref: string | undefined, options: WhoseOptions): Promise<void> {
  const { user, client } = options
  if (ref !== undefined && user === undefined && client === undefined) return revokeOne(grantRef(ref), options)
  if (ref === undefined && user !== undefined && client !== undefined) return withdraw({ user, client }, options)
  misuse('say which: a grant reference, or --user and --client')
}

async function revokeOne(ref: GrantRef, options: CommonOptions): Promise<void> {
  const config = configured(options)
  await withManaged(config, async (store) => {
    const grant = await store.grants.find(ref)
    if ((await store.grants.revoke(ref, systemClock())) === 'unknown') misuse(`there is no grant "${ref}"`)
    const change = { type: 'admin.changed', reason: 'grant_revoked', grantRef: ref } as const
    await recordChange({ config, store }, { ...change, clientId: grant?.clientId, subject: grant?.subject })
  })
  if (options.json === true) return printJson({ ref, state: 'revoked' })
  print(`revoked ${ref}`)
}

async function withdraw(
  { user, client }: { readonly user: string; readonly client: string },
  options: CommonOptions,
): Promise<void> {
  const id = clientId(client)
  const config = configured(options)
  const person = await withManaged(config, async (store) => {
    const found = await personNamed(user, store)
    const outcome = await store.grants.withdraw(found.subject, id, systemClock())
    if (outcome === 'unknown') misuse(`${found.username} allowed "${id}" nothing`)
    const change = { type: 'admin.changed', reason: 'consent_withdrawn' } as const
    await recordChange({ config, store }, { ...change, clientId: id, subject: found.subject })
    return found
  })
  if (options.json === true) return printJson({ username: person.username, client_id: id, state: 'withdrawn' })
  print(`${person.username} allows ${id} nothing any more`)
}
