/** Who is measured in which row. To add a row: name its work in messages.ts, prepare it in load/units.ts. */

import type { ChildProcess } from 'node:child_process'
import type { Work } from './messages.ts'
import { start } from './processes.ts'
import { configure, register } from './product.ts'

/** What a server is started with: the row, a directory of its own, the file of keys, a port on 127.0.0.1, and what ours is. */
export type Place = {
  readonly work: Work
  readonly directory: string
  readonly actors: string
  readonly port: number
  /** The command line of the built package. */
  readonly product: URL
}

/** Starts a server that knows who takes part. */
const starters = {
  strongroom: async ({ directory, actors, port, product }: Place) => {
    await register(directory, actors)
    return start(product, configure(directory, port))
  },
  floor: async (place: Place) => startProgram('floor', place),
  'oidc-provider': async (place: Place) => startProgram('oidc-provider', place),
} as const

function startProgram(name: string, { actors, port, work }: Place): ChildProcess {
  return start(new URL(`./servers/${name}.ts`, import.meta.url), [actors, String(port), work])
}

/** The name of a server. */
export type ServerName = keyof typeof starters

/** Starts a server. */
export function startServer(name: ServerName, place: Place): Promise<ChildProcess> {
  return starters[name](place)
}

/** The load generator. */
export const loadGenerator = new URL('./load/main.ts', import.meta.url)

/** Who else does a row's work. */
export const peersOf: Readonly<Record<Work, readonly ServerName[]>> = {
  par: ['oidc-provider'],
  'token-client-credentials': ['oidc-provider'],
  'token-refresh': ['oidc-provider'],
  introspection: ['oidc-provider'],
  'whole-flow': ['oidc-provider'],
}

/** What ours keeps its state in. */
export const ourStore = 'sqlite (WAL, synchronous=FULL)'
