/** Real proxies on loopback ports, in the foreground, with everything they write in one folder. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type ProxyName, programOf } from './installed.ts'

/** A proxy that is up. */
export type RunningProxy = { readonly stop: () => Promise<void> }

type Way = { readonly file: string; readonly arguments: readonly string[]; readonly around: (text: string) => string }

/** How each is started with a configuration, and what has to stand around what the page shows. */
const ways: Readonly<Record<ProxyName, (directory: string) => Way>> = {
  nginx: (directory) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const paths = temporary.map((name) => `${name}_temp_path ${join(directory, name)};`).join(' ')
    return {
      file: 'nginx.conf',
      arguments: ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'],
      around: (text) => `daemon off; master_process off; pid ${join(directory, 'nginx.pid')}; error_log stderr;
events { }
http { access_log off; ${paths}
${text}}
`,
    }
  },
  haproxy: (directory) => ({
    file: 'haproxy.cfg',
    arguments: ['-db', '-f', join(directory, 'haproxy.cfg')],
    around: (text) => text,
  }),
  caddy: (directory) => ({
    file: 'Caddyfile',
    arguments: ['run', '--config', join(directory, 'Caddyfile'), '--adapter', 'caddyfile'],
    around: (text) => text,
  }),
}

/** Ends the program when standard input does, so that it never outlives the test, however that ended. */
const supervised = `exec 3<&0
"$@" 3<&- &
proxy=$!
{ read -r end <&3; kill -9 "$proxy"; } >/dev/null 2>&1 &
wait "$proxy"`

/** Starts a proxy and waits until it takes connections on all these ports. */
export async function startProxy(
  name: ProxyName,
  { directory, text, ports }: { readonly directory: string; readonly text: string; readonly ports: readonly number[] },
): Promise<RunningProxy> {
  const program = programOf(name)
  assert.ok(program !== undefined, `${name} is not installed, and CI=true wants it: apt-get install ${name}`)
  const way = ways[name](directory)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, way.file), way.around(text))
  const env = { PATH: process.env['PATH'], HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }
  const child = spawn('/bin/sh', ['-c', supervised, 'sh', program, ...way.arguments], { cwd: directory, env })
  child.stdin.on('error', () => undefined)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said = `${said}${data}`.slice(-8192)))
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const stop = async () => {
    child.stdin.end()
    await ended
  }
  try {
    for (const port of ports) await untilOpen(port, child)
  } catch (cause) {
    await stop()
    throw new Error(`${name} did not start: ${said}`, { cause })
  }
  return { stop }
}

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (child.exitCode !== null || child.signalCode !== null) break
    if (await isOpen(port)) return
    await wait(25)
  }
  throw new Error(`nobody listens on port ${port}`)
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
