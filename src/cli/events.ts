import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import { eventTypes, type SecurityEvent, severities, type Severity } from '../core/events.ts'
import { numericDate } from '../core/names.ts'
import { checkTrail } from '../node/alarm/check-trail.ts'
import { sha256 } from '../node/runtime.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { type ConfigOptions, configured, withManaged } from './configured.ts'
import { CommandFailure, exitCodes, misuse } from './failures.ts'
import { common } from './options.ts'
import { print, printJson, printJsonLine, printTable } from './output.ts'
import { instant } from './times.ts'

type CommonOptions = ConfigOptions & { readonly json?: true }
type TailOptions = CommonOptions & {
  readonly follow?: true
  readonly limit: string
  readonly since?: string
  readonly type?: string
  readonly severity?: string
}
type VerifyOptions = CommonOptions & { readonly anchor?: string }
type Trail = ManagedStore['store']['events']

/** `strongroom events`: the trail of security events. Works while the server runs. */
export function eventsCommand(): Command {
  const command = new Command('events')
    .description('read and verify the trail of security events')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom events tail --severity high --follow\n  strongroom events show 0f8fad5b-d9cb-469f-a165-70867728950e\n  strongroom events verify',
    )
  common(command.command('tail'), 'show the newest events, oldest first; as JSON, one line for each')
    .option('--follow', 'go on until interrupted')
    .option('--limit <number>', 'how many of the newest, 1 to 1000', '20')
    .option('--since <seq>', 'all after this event instead')
    .option('--type <type>', 'only this type, or all that begin with it: oauth.code, jose')
    .option('--severity <severity>', `only this and above: ${severities.join(', ')}`)
    .addHelpText('after', '\nExamples:\n  strongroom events tail\n  strongroom events tail --since 1200 --json')
    .action(tail)
  common(command.command('show'), 'show the events of one request, or one event')
    .argument('<id>', 'a correlation id, as callers are given it, or the id of an event')
    .addHelpText('after', '\nAn id that begins with a dash goes after `--`.')
    .action(show)
  common(command.command('verify'), 'walk the whole trail: every event must fit the one before')
    .option('--anchor <seq:hash>', 'also that this event is there with this hash, which you kept elsewhere')
    .addHelpText(
      'after',
      '\nExit code 3 tells the first event that is missing, changed or out of order.\n\nExample:\n  strongroom events verify --anchor 1200:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
    )
    .action(verify)
  return command
}

const pageSize = 200

async function tail(options: TailOptions): Promise<void> {
  const config = configured(options)
  const isWanted = filterOf(options)
  const limit = wholeNumber('--limit', options.limit, 1, 1000)
  const since = options.since === undefined ? undefined : wholeNumber('--since', options.since, 0, 2 ** 53 - 1)
  const show = options.json === true ? showAsLines : showAsTable
  let last = await withManaged(config, async ({ events: trail }) => {
    if (since !== undefined) return showAfter(since, trail, isWanted, show)
    const { found, newest } = await newestOf(trail, limit, isWanted)
    show(found)
    return newest
  })
  // The store is opened anew each time: a server that wants to start must not find it taken.
  while (options.follow === true) {
    await pause(1000)
    const from = last
    last = await withManaged(config, ({ events: trail }) => showAfter(from, trail, isWanted, show))
  }
}

type Filter = (event: SecurityEvent) => boolean

function filterOf({ type, severity }: TailOptions): Filter {
  if (type !== undefined && !Object.keys(eventTypes).some((known) => known === type || known.startsWith(`${type}.`))) {
    misuse(`there is no type "${type}"`)
  }
  const least = severity === undefined ? 'info' : severityNamed(severity)
  return (event) =>
    severities.indexOf(event.severity) >= severities.indexOf(least) &&
    (type === undefined || event.type === type || event.type.startsWith(`${type}.`))
}

function severityNamed(name: string): Severity {
  return severities.find((known) => known === name) ?? misuse(`--severity must be one of ${severities.join(', ')}`)
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : -1
  if (value < least || value > most) misuse(`${flag} must be a whole number, ${least} to ${most}`)
  return value
}

/** The newest that are wanted, oldest first, looked for from the end. */
async function newestOf(trail: Trail, limit: number, isWanted: Filter) {
  const newest = await trail.newest()
  let found: readonly SecurityEvent[] = []
  for (let end = newest; end > 0 && found.length < limit; end -= pageSize) {
    const after = Math.max(0, end - pageSize)
    found = [...(await trail.list(after, end - after)).filter(isWanted), ...found]
  }
  return { found: found.slice(-limit), newest }
}

/** Shows all after one, page by page; returns the last that was read. */
async function showAfter(
  since: number,
  trail: Trail,
  isWanted: Filter,
  show: (events: readonly SecurityEvent[]) => void,
): Promise<number> {
  let last = since
  for (;;) {
    const some = await trail.list(last, pageSize)
    show(some.filter(isWanted))
    last = some.at(-1)?.seq ?? last
    if (some.length < pageSize) return last
  }
}

/** Every member as it was hashed. */
function showAsLines(events: readonly SecurityEvent[]): void {
  for (const event of events) printJsonLine(event)
}

function showAsTable(events: readonly SecurityEvent[]): void {
  printTable(
    events.map((event) => [
      String(event.seq),
      instant(event.time),
      event.severity.toUpperCase(),
      event.type,
      event.dedupe === undefined ? event.reason : `${event.reason} ×${event.dedupe.count}`,
      event.clientId ?? '-',
      event.peerAddress ?? '-',
      event.correlationId,
    ]),
  )
}

async function show(id: string, options: CommonOptions): Promise<void> {
  const events = await withManaged(configured(options), ({ events: trail }) => trail.find(id))
  if (events.length === 0) misuse('there is no event of this id')
  if (options.json === true) return printJson(events)
  for (const [index, event] of events.entries()) {
    if (index > 0) print('')
    printTable(Object.entries(event).flatMap(rowsOf))
  }
}

function rowsOf([name, value]: readonly [string, unknown]): string[][] {
  if (value === undefined) return []
  if (name === 'time' && typeof value === 'number') return [[name, instant(numericDate(value))]]
  return [[name, typeof value === 'string' ? value : JSON.stringify(value)]]
}

async function verify(options: VerifyOptions): Promise<void> {
  const anchor = options.anchor === undefined ? undefined : anchorOf(options.anchor)
  const { newest, brokenAt, hash } = await withManaged(configured(options), async ({ events: trail }) => {
    const verdict = await checkTrail(trail, { hash: sha256, tail: 'all' })
    const kept = anchor === undefined ? [] : await trail.list(anchor.seq - 1, 1)
    const isCut = anchor !== undefined && kept[0]?.hash !== anchor.hash
    const brokenAt = verdict.brokenAt ?? (isCut ? anchor.seq : undefined)
    const [last] = brokenAt === undefined && verdict.newest > 0 ? await trail.list(verdict.newest - 1, 1) : []
    return { ...verdict, brokenAt, hash: last?.hash }
  })
  if (options.json === true) printJson({ newest, broken_at: brokenAt, hash })
  if (brokenAt !== undefined) {
    throw new CommandFailure(exitCodes.findings, `event ${brokenAt} is missing, changed or out of order`)
  }
  if (options.json === true) return
  print(newest === 0 ? 'there are no events yet' : `${newest} events, each fits the one before; keep ${newest}:${hash}`)
}

function anchorOf(text: string): { readonly seq: number; readonly hash: string } {
  const [, seq, hash] = /^(\d{1,15}):([\w-]{43})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined || Number(seq) < 1) {
    return misuse('--anchor takes seq:hash, as `strongroom events verify` prints it')
  }
  return { seq: Number(seq), hash }
}
