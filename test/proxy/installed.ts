/** Proxies that this machine may have. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A proxy from a package of the operating system. */
export type ProxyName = 'nginx' | 'haproxy' | 'caddy'

/** Where servers are installed, also when the path of a person does not say so. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin']

/** The program, if it is installed. */
export function programOf(name: ProxyName): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Why tests with this proxy cannot run here; in CI they run, and fail without it. */
export function reasonToSkip(name: ProxyName): string | false {
  if (process.env['CI'] === 'true') return false
  if (process.platform !== 'linux') return 'callers from several loopback addresses are there on Linux only'
  return programOf(name) === undefined && `${name} is not installed: apt-get install ${name}`
}
