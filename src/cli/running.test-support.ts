import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before } from 'node:test'

const main = new URL('main.ts', import.meta.url).pathname

/** How a command ended. */
export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A command that runs. */
export type Running = {
  readonly child: ChildProcess
  readonly outcome: Promise<Outcome>
  readonly stdout: () => string
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** One line on standard error, no stack, nothing on standard output. */
export function failed({ code, stdout, stderr }: Outcome, expected: number, line: RegExp): void {
  assert.equal(code, expected, stderr)
  assert.equal(stdout, '')
  assert.match(stderr, line)
  assert.match(stderr, /^strongroom: [^\n]+\n$/)
}

/** What a command that went well printed as JSON. */
export function printed({ code, stdout, stderr }: Outcome): ReturnType<typeof JSON.parse> {
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

/** How long a command may run, and a server that tests run commands against, in milliseconds. */
const [commandLimit, serverLimit] = [20_000, 110_000]

/** A server that is up, and where it listens. */
export type Serving = Running & { readonly url: string; readonly mtlsUrl: string }

/** A directory with a first configuration, in which commands run; gone after the tests of the file. */
export async function aCommandLine() {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-cli-'))
  const started: Running[] = []
  const port = await freePort()

  const start = (
    args: readonly string[],
    input = '',
    env: Record<string, string> = {},
    limit: number = commandLimit,
  ): Running => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'], ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data) => (stdout += data))
    child.stderr.on('data', (data) => (stderr += data))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    const timer = setTimeout(() => child.kill('SIGKILL'), limit)
    const outcome = new Promise<Outcome>((resolve) => {
      child.on('close', (code) => {
        clearTimeout(timer)
        resolve({ code, stdout, stderr })
      })
    })
    const running = { child, outcome, stdout: () => stdout }
    started.push(running)
    return running
  }

  const run = (args: readonly string[], input = '', env: Record<string, string> = {}): Promise<Outcome> =>
    start(args, input, env).outcome

  const serving = async (...args: readonly string[]): Promise<Serving> => {
    const running = start(['serve', '--json', ...args], '', {}, serverLimit)
    for (let wait = 0; wait < 200; wait += 1) {
      const ready = running
        .stdout()
        .split('\n')
        .find((line) => line.includes('"ready":true'))
      if (ready !== undefined) return { ...running, ...JSON.parse(ready) }
      if (running.child.exitCode !== null) break
      await new Promise((tick) => setTimeout(tick, 50))
    }
    return assert.fail(`it did not start: ${(await running.outcome).stderr}`)
  }

  before(async () => {
    const { code, stdout } = await run(['init', '--json'])
    assert.equal(code, 0)
    assert.equal(JSON.parse(stdout).keptKey, false)
    const file = join(directory, 'strongroom.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('4400', String(port)))
  })

  afterEach(async () => {
    for (const { child, outcome } of started.splice(0)) {
      child.kill('SIGKILL')
      await outcome
    }
  })

  after(() => {
    rmSync(directory, { recursive: true, force: true })
  })

  return { directory, port, run, serving, start }
}
