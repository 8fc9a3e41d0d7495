/** What commands share that read the configuration or work on the database behind it. */

import { existsSync } from 'node:fs'
import { type Config, loadConfig } from '../node/config/index.ts'
import { sha256, systemClock } from '../node/runtime.ts'
import { openManagedStore } from '../stores/managed.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { misuse } from './failures.ts'

/** Options of every command that reads the configuration. */
export type ConfigOptions = { readonly config?: string; readonly set?: readonly string[] }

const standardFile = 'strongroom.yaml'

/**
 * The file that is meant: the flag, else `STRONGROOM_CONFIG`, else `strongroom.yaml`; none when the environment says
 * it all.
 */
function configFile({ config }: ConfigOptions): string | undefined {
  const named = config ?? process.env['STRONGROOM_CONFIG']
  if (named !== undefined) return named
  if (existsSync(standardFile)) return standardFile
  if (process.env['STRONGROOM_ISSUER'] !== undefined) return undefined
  return misuse(`there is no ${standardFile} here: name one with --config, or make one with \`strongroom init\``)
}

/** Loads the configuration, with `--set path=value` and the given flags on top. @throws ConfigError, CommandFailure */
export function configured(options: ConfigOptions, flags: Readonly<Record<string, string | undefined>> = {}): Config {
  return loadConfig({
    file: configFile(options),
    env: process.env,
    flags: { ...settings(options.set ?? []), ...flags },
  })
}

function settings(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((setting) => {
      const equals = setting.indexOf('=')
      if (equals < 1) misuse('--set takes path=value, as in --set listen.port=4401')
      return [setting.slice(0, equals), setting.slice(equals + 1)]
    }),
  )
}

/** Works on people and clients: through the running server, or on the file when none runs. */
export async function withManaged<T>(config: Config, work: (store: ManagedStore['store']) => Promise<T>): Promise<T> {
  if (config.store.kind !== 'sqlite') return misuse('the store is in memory: there is nothing to manage from outside')
  const { store } = await openManagedStore({ path: config.store.path, clock: systemClock, hash: sha256 })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Everything a list has, page by page. */
export async function all<T, Name>(
  page: (limit: number, after: Name | undefined) => Promise<readonly T[]>,
  nameOf: (one: T) => Name,
): Promise<readonly T[]> {
  const found: T[] = []
  let last: Name | undefined
  for (;;) {
    const some = await page(pageSize, last)
    found.push(...some)
    const end = some.at(-1)
    if (end === undefined || some.length < pageSize) return found
    last = nameOf(end)
  }
}

const pageSize = 200
