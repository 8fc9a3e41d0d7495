/** The load generator: a process of its own, so that what it costs is nobody's CPU but its own. */

import { readActors } from '../actors.ts'
import { type LoadReport, type LoadTask, parseLoadTask } from '../messages.ts'
import { type Connections, openConnections, type UnitOf } from './http.ts'
import { prepareUnits } from './units.ts'
import { type Visit, visitServer } from './visit.ts'

const [actorsFile, connectionCount] = process.argv.slice(2)
if (actorsFile === undefined || connectionCount === undefined) throw new TypeError('usage: ACTORS CONNECTIONS')
const actors = readActors(actorsFile)
const count = Number(connectionCount)

let prepared: { readonly units: readonly UnitOf[]; readonly connections: Connections } | undefined
const visits = new Map<string, Visit>()

async function perform(task: LoadTask): Promise<LoadReport> {
  if (task.do === 'send') return send()
  const { origin } = task
  const visit = visits.get(origin) ?? (await visitServer(origin, actors, count))
  visits.set(origin, visit)
  const units = await prepareUnits(task.work, task.requests, visit, actors)
  prepared = { units, connections: await openConnections(new URL(origin), count) }
  return { kind: 'prepared' }
}

async function send(): Promise<LoadReport> {
  if (prepared === undefined) throw new TypeError('nothing was prepared')
  const { units, connections } = prepared
  prepared = undefined
  const { seconds, latencies, errors, firstError } = await connections.send(units)
  connections.close()
  return {
    kind: 'sent',
    requests: units.length,
    seconds,
    p50: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    errors,
    firstError: firstError ?? '',
  }
}

function failure(cause: unknown): LoadReport {
  return { kind: 'failed', message: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }
}

process.on('message', (message) => {
  const task = parseLoadTask(message)
  if (task === undefined) throw new TypeError('not a task')
  perform(task)
    .catch(failure)
    .then((report) => process.send?.(report))
    .catch(() => process.exit(1))
})
process.once('disconnect', () => process.exit(0))
