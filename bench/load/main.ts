/** The load generator: a process of its own, so that what it costs is nobody's CPU but its own. */

import { isJsonObject } from '../../src/core/names.ts'
import { readActors } from '../actors.ts'
import { type LoadReport, type LoadTask, parseLoadTask } from '../messages.ts'
import { type Connections, openConnections } from './http.ts'
import { type Endpoints, signRequests } from './requests.ts'

const [actorsFile, connectionCount] = process.argv.slice(2)
if (actorsFile === undefined || connectionCount === undefined) throw new TypeError('usage: ACTORS CONNECTIONS')
const actors = readActors(actorsFile)

let prepared: { readonly requests: readonly Buffer[]; readonly connections: Connections } | undefined

async function perform(task: LoadTask): Promise<LoadReport> {
  if (task.do === 'send') return send()
  const endpoints = await endpointsOf(task.origin)
  const requests = await signRequests(task.work, task.requests, { endpoints, actors })
  prepared = { requests, connections: await openConnections(new URL(task.origin), Number(connectionCount)) }
  return { kind: 'prepared' }
}

async function endpointsOf(origin: string): Promise<Endpoints> {
  const response = await fetch(`${origin}/.well-known/openid-configuration`, { headers: { connection: 'close' } })
  const metadata: unknown = await response.json()
  if (!isJsonObject(metadata)) throw new TypeError('not a metadata document')
  const { issuer, pushed_authorization_request_endpoint: par, token_endpoint: token } = metadata
  return { issuer: String(issuer), par: String(par), token: String(token) }
}

async function send(): Promise<LoadReport> {
  if (prepared === undefined) throw new TypeError('nothing was prepared')
  const { requests, connections } = prepared
  prepared = undefined
  const { seconds, latencies, errors, firstError } = await connections.send(requests)
  connections.close()
  return {
    kind: 'sent',
    requests: requests.length,
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
