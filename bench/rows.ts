/** Measures rows: the same work for each contestant in turn, over and over, and the median of what it cost. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { loadGenerator, ourStore, peersOf, type Place, type ServerName } from './contestants.ts'
import { type LoadReport, type LoadTask, parseLoadReport, type Work } from './messages.ts'
import { cpuSeconds, freePort, isReady, pidOf, start, stop } from './processes.ts'
import type { Row } from './report.ts'
import { median, rounded } from './statistics.ts'
import { measureUnit } from './unit.ts'

/** How rows are measured. */
export type RowOptions = {
  readonly directory: string
  readonly actors: string
  /** The command line of the built package. */
  readonly product: URL
  /** How long one window lasts, about. */
  readonly seconds: number
  /** How many windows each contestant gets. */
  readonly runs: number
  readonly startServer: (name: ServerName, place: Place) => Promise<ChildProcess>
  readonly progress: (line: string) => void
}

/** A server that runs, and what it did in its windows. */
type Contestant = {
  readonly name: ServerName
  readonly child: ChildProcess
  readonly origin: string
  readonly windows: Measured[]
  /** Windows that count for nothing but their errors. */
  readonly warmUps: Measured[]
}

type Measured = Extract<LoadReport, { kind: 'sent' }> & { readonly cpuPerRequest: number }

const connections = 32

function unitsOf(work: Work): string {
  return work === 'whole-flow' ? 'flows' : 'requests'
}

/** Measures the rows; every unit that was measured on the way is left in `units`. */
export async function measureRows(works: readonly Work[], options: RowOptions, units: number[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const work of works) rows.push(await measureRow(work, options, units))
  return rows
}

async function measureRow(work: Work, options: RowOptions, units: number[]): Promise<Row> {
  const load = start(loadGenerator, [options.actors, String(connections)])
  const contestants: Contestant[] = []
  try {
    const names = ['strongroom', ...peersOf[work], 'floor'] as const
    const entered = await Promise.allSettled(names.map((name) => enter(name, work, options)))
    contestants.push(...entered.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
    for (const one of entered) if (one.status === 'rejected') throw one.reason
    const [ours, ...others] = contestants
    if (ours === undefined) throw new Error('nobody came')
    const sizes = await warmUp(work, contestants, load, options)
    for (let run = 1; run <= options.runs; run += 1) {
      const unit = measureUnit()
      units.push(unit)
      for (const contestant of contestants) {
        const requests = sizes.get(contestant.name) ?? 0
        const measured = await measureWindow({ work, requests, unit }, contestant, load)
        contestant.windows.push(measured)
        options.progress(describe(work, run, contestant.name, measured))
      }
    }
    return rowOf(work, ours, others)
  } finally {
    await Promise.all([load, ...contestants.map(({ child }) => child)].map(stop))
  }
}

async function enter(
  name: ServerName,
  work: Work,
  { directory, actors, product, startServer }: RowOptions,
): Promise<Contestant> {
  const port = await freePort()
  const child = await startServer(name, {
    work,
    directory: mkdtempSync(join(directory, `${name}-`)),
    actors,
    port,
    product,
  })
  const origin = `http://127.0.0.1:${port}`
  try {
    await isReady(origin, child)
  } catch (cause) {
    await stop(child)
    throw cause
  }
  return { name, child, origin, windows: [], warmUps: [] }
}

/** Sends each contestant a few requests to learn its speed, and then a window that does not count. */
async function warmUp(
  work: Work,
  contestants: readonly Contestant[],
  load: ChildProcess,
  { seconds, progress }: RowOptions,
): Promise<ReadonlyMap<ServerName, number>> {
  const sizes = new Map<ServerName, number>()
  for (const contestant of contestants) {
    let requests = work === 'whole-flow' ? 96 : 320
    // Cold code is slow: each window tells better how many requests fill the time.
    for (const share of [0.5, 1, 1, 1]) {
      const sent = await measureWindow({ work, requests, unit: 1 }, contestant, load)
      contestant.warmUps.push(sent)
      if (sent.errors > 0) progress(describe(work, 'warming up', contestant.name, sent))
      requests = Math.max(connections, Math.round((sent.requests / sent.seconds) * seconds * share))
    }
    sizes.set(contestant.name, requests)
    progress(`${work}: ${contestant.name} is warm, ${requests} ${unitsOf(work)} a window`)
  }
  return sizes
}

async function measureWindow(
  { work, requests, unit }: { readonly work: Work; readonly requests: number; readonly unit: number },
  { child, origin }: Contestant,
  load: ChildProcess,
): Promise<Measured> {
  await ask(load, { do: 'prepare', work, origin, requests })
  const before = cpuSeconds(pidOf(child))
  const report = await ask(load, { do: 'send' })
  const used = cpuSeconds(pidOf(child)) - before
  if (report.kind !== 'sent') throw new Error('the load generator lost its place')
  return { ...report, cpuPerRequest: (used * 1e6) / report.requests / unit }
}

async function ask(load: ChildProcess, task: LoadTask): Promise<LoadReport> {
  const ended = new AbortController()
  const onExit = () => ended.abort(new Error('the load generator ended'))
  load.once('exit', onExit)
  try {
    const answer = once(load, 'message', { signal: ended.signal })
    load.send(task)
    const [message]: unknown[] = await answer
    const report = parseLoadReport(message)
    if (report.kind === 'failed') throw new Error(report.message)
    return report
  } finally {
    load.off('exit', onExit)
  }
}

function rowOf(work: Work, ours: Contestant, others: readonly Contestant[]): Row {
  const middle = ({ windows }: Contestant, read: (window: Measured) => number) => median(windows.map(read))
  const cost = (contestant: Contestant) =>
    rounded(
      middle(contestant, ({ cpuPerRequest }) => cpuPerRequest),
      2,
    )
  const floor = others.find(({ name }) => name === 'floor')
  const all = [ours, ...others].flatMap(({ windows, warmUps }) => [...windows, ...warmUps])
  return {
    work,
    store: ourStore,
    cpuPerRequest: cost(ours),
    floor: floor === undefined ? 0 : cost(floor),
    peers: others.filter((other) => other !== floor).map((other) => ({ name: other.name, cpuPerRequest: cost(other) })),
    requestsPerSecond: Math.round(middle(ours, ({ requests, seconds }) => requests / seconds)),
    p50Ms: rounded(
      middle(ours, ({ p50 }) => p50),
      2,
    ),
    p99Ms: rounded(
      middle(ours, ({ p99 }) => p99),
      2,
    ),
    errors: all.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function describe(work: Work, run: number | 'warming up', name: string, measured: Measured): string {
  const { cpuPerRequest, requests, seconds, errors, firstError } = measured
  const line = `${work} ${run}: ${name} ${cpuPerRequest.toFixed(2)}, ${Math.round(requests / seconds)}/s`
  return errors === 0 ? line : `${line}, ${errors} ERRORS, the first:\n${firstError}`
}
