/** Child processes: started, asked what they cost, and ended; none outlives the benchmark. */

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** How long a process may take to answer, and to end when told, in milliseconds. */
const patience = { ready: 30_000, end: 5_000 } as const

/** Starts a program. What it prints goes nowhere. */
export function start(file: URL, args: readonly string[]): ChildProcess {
  const child = fork(file, args, { execArgv: ['--no-warnings'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.stderr?.on('data', (text: Buffer) => remember(child, text.toString()))
  return child
}

const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** The last words of each process, for when it fails. */
const said = new WeakMap<ChildProcess, string>()

function remember(child: ChildProcess, text: string): void {
  said.set(child, ((said.get(child) ?? '') + text).slice(-2000))
}

/** What a process wrote to standard error last. */
function lastWords(child: ChildProcess): string {
  return said.get(child) ?? ''
}

/** Tells a process to end, and makes it end when it does not. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), patience.end)
  await ended
  clearTimeout(timer)
}

/** Waits until a server answers its metadata with 200. */
export async function isReady(origin: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + patience.ready
  while (performance.now() < deadline) {
    if (child.exitCode !== null) {
      throw new Error(`the server ended with ${child.exitCode} before it was ready: ${lastWords(child)}`)
    }
    if (await answers(`${origin}/.well-known/openid-configuration`)) return
    await wait(5)
  }
  throw new Error(`the server at ${origin} was not ready in time`)
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { headers: { connection: 'close' } })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('there is no port')
  return address.port
}

/** The CPU time a process has used so far, user and system, over all its threads, in seconds. */
export function cpuSeconds(pid: number): number {
  if (process.platform === 'linux') {
    // After the name in parentheses: state is field 3, utime 14, stime 15, in ticks of 10 ms. proc(5).
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  // [[dd-]hh:]mm:ss.cc
  const [seconds = 0, minutes = 0, hours = 0] = ps(pid, 'time').split(':').map(Number).toReversed()
  return seconds + 60 * minutes + 3600 * hours
}

/** The resident memory of a process, in MB of 1024 × 1024 bytes. */
export function residentMb(pid: number): number {
  if (process.platform !== 'linux') return Number(ps(pid, 'rss')) / 1024
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Number(kilobytes) / 1024
}

function ps(pid: number, what: string): string {
  return execFileSync('ps', ['-o', `${what}=`, '-p', String(pid)], { encoding: 'utf8' }).trim()
}

/** The id of a process that was started. */
export function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start')
  return pid
}
