/** Reads the configuration: flag over environment over file over default. Everything that is wrong is said at once. */

import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { isJsonObject, issuer, type JsonObject, resourceIdentifier, Secret, seconds } from '../../core/names.ts'
import type { Look } from '../../console/look.ts'
import type { Lifetimes, SigningAlgorithm } from '../../core/profile.ts'
import type { ServerConfig } from '../../server/config.ts'
import { type KeySchedule, keySchedule } from '../keys/schedule.ts'
import type { ListenOptions } from '../listener.ts'
import type { LogLevel } from '../log.ts'
import type { UpstreamConfig } from '../upstream.ts'
import { readDetailTypes } from './detail-types.ts'
import { interpolate, type Sources } from './interpolate.ts'
import { checkMeaning } from './meaning.ts'
import { suggestion } from './nearest.ts'
import { overrideByEnvironment, overrideByFlags } from './override.ts'
import { lookOf } from './pages.ts'
import { ConfigError, dotted, type Note } from './problems.ts'
import { readYaml } from './read-yaml.ts'
import { ConfigFile } from './schema.ts'
import { keysAt, listsForGroups } from './shape.ts'
import { signInAppOf } from './sign-in-app.ts'
import { upstreamOf } from './upstream.ts'

/** Where a server keeps what it knows. */
export type StoreConfig = { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'memory' }

/** Where a server listens. */
export type ListenConfig = Pick<ListenOptions, 'trustedPeers' | 'tls' | 'certificateHeader'> & {
  readonly host: string
  readonly port: number
  readonly addressHeader: 'none' | 'x-forwarded-for'
}

/** A configuration that was checked as a whole. */
export type Config = {
  readonly server: ServerConfig
  /** Other OpenID providers that people may sign in at. */
  readonly upstream: readonly UpstreamConfig[]
  readonly listen: ListenConfig
  /** The entrance that asks for client certificates, when it is another than the first. */
  readonly mtls: ListenConfig | undefined
  /** The files of the CAs that name clients. */
  readonly clientCertificates: { readonly trustAnchors: readonly string[] }
  readonly store: StoreConfig
  readonly keys: {
    /** Undefined only with a store in memory: then nothing outlives the process. */
    readonly sealing: Secret | undefined
    readonly algorithms: readonly SigningAlgorithm[]
    readonly schedule: KeySchedule
  }
  readonly log: { readonly level: LogLevel }
  /** How the pages look and what they say. */
  readonly pages: Look
  /** http on a loopback host: for development only. */
  readonly mode: 'development_loopback' | 'production'
}

/** Where a configuration comes from. */
export type ConfigSources = {
  /** The path of the file; undefined when environment and flags say it all. */
  readonly file: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Dotted path → text, as in `listen.port`. */
  readonly flags: Readonly<Record<string, string | undefined>>
}

/** @throws ConfigError with one line for every problem. */
export function loadConfig({ file, env, flags }: ConfigSources): Config {
  const directory = file === undefined ? process.cwd() : dirname(resolve(file))
  const lines: string[] = []
  const note: Note = (where, what) => lines.push(`${where}: ${what}`)
  const sources: Sources = { env, readFile: (path) => readText(resolve(directory, path), path) }

  const written = file === undefined ? {} : readConfigFile(file)
  const interpolated = interpolate(written, sources, note)
  const fromFile = isJsonObject(interpolated) ? interpolated : {}
  const overridden = overrideByEnvironment(fromFile, ConfigFile, sources, note)
  const values = overrideByFlags(overridden, ConfigFile, flags, note)

  // What could not be resolved is noted already; it is not wrong a second time.
  const unresolved = new Set(lines.map((line) => line.split(': ')[0]))
  const shaped = checkShape(values, (where, what) => unresolved.has(where) || note(where, what))
  checkMeaning(values, note)
  const types = shaped === undefined ? [] : readDetailTypes(shaped.apis, note)
  const pages = lookOf(values['pages'], { directory, readFile: sources.readFile }, note)
  if (shaped === undefined || pages === undefined || lines.length > 0) throw new ConfigError(lines)
  return { ...configOf(shaped, types, directory), pages }
}

const mostFileBytes = 1_048_576

function readText(path: string, name: string): { text: string } | { problem: string } {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length > mostFileBytes) return { problem: `${name} is too large` }
    return { text: text.replace(/(?:\r?\n)+$/, '') }
  } catch (error) {
    return { problem: `${name} cannot be read${codeOf(error)}` }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
}

function readConfigFile(file: string): JsonObject {
  const read = readText(resolve(file), basename(file))
  if ('problem' in read) throw new ConfigError([read.problem])
  return readYaml(read.text)
}

function checkShape(values: JsonObject, note: Note): ConfigFile | undefined {
  for (const path of listsForGroups(ConfigFile, values)) note(dotted(path), 'must be a group of keys')
  const result = v.safeParse(ConfigFile, values)
  for (const issue of result.issues ?? []) {
    const path = pathOf(issue)
    note(dotted(path), sentenceOf(issue, path))
  }
  return result.success ? result.output : undefined
}

type Issue = v.InferIssue<typeof ConfigFile>

function pathOf(issue: Issue): readonly (string | number)[] {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))
}

function sentenceOf(issue: Issue, path: readonly (string | number)[]): string {
  if (issue.type !== 'strict_object') return issue.message
  if (issue.expected === 'never') {
    return `is not a key here${suggestion(String(path.at(-1)), keysAt(ConfigFile, path.slice(0, -1)))}`
  }
  return issue.received === 'undefined' && issue.expected !== 'Object' ? 'is missing' : issue.message
}

function configOf(
  file: ConfigFile,
  types: ReturnType<typeof readDetailTypes>,
  directory: string,
): Omit<Config, 'pages'> {
  const { sealing, algorithms } = file.keys
  const schedule = keySchedule(file.keys)
  return {
    server: {
      issuer: issuer(file.issuer),
      apis: file.apis.map(({ resource, name, scopes }, index) => ({
        resource: resourceIdentifier(resource),
        name,
        scopes,
        detailTypes: types[index] ?? [],
      })),
      lifetimes: lifetimesOf(file),
      limits: file.limits,
      mutualTlsOrigin: mutualTlsOriginOf(file),
      signInApp: signInAppOf(file.signIn.app),
      passwordSignIn: file.signIn.passwords,
      demoUser: undefined,
    },
    upstream: upstreamOf(file.signIn.upstream, issuer(file.issuer)),
    listen: listenerOf(file.listen, directory),
    mtls: file.mtls === undefined ? undefined : mutualTlsListenerOf(file.mtls, directory),
    clientCertificates: {
      trustAnchors: file.clientCertificates.trustAnchors.map((anchors) => resolve(directory, anchors)),
    },
    store:
      file.store.kind === 'sqlite'
        ? { kind: 'sqlite', path: resolve(directory, file.store.path ?? '') }
        : { kind: 'memory' },
    keys: { sealing: sealing === undefined ? undefined : new Secret(sealing), algorithms, schedule },
    log: file.log,
    mode: file.issuer.startsWith('http:') ? 'development_loopback' : 'production',
  }
}

/** Where client certificates are asked for: at the entrance for that, else at the only one, else nowhere. */
function mutualTlsOriginOf({ issuer: name, listen, mtls }: ConfigFile): string | undefined {
  if (mtls !== undefined) return mtls.url
  const isAsked = listen.tls?.clientCertificates === 'requested' || listen.certificateHeader !== undefined
  return isAsked ? new URL(name).origin : undefined
}

function mutualTlsListenerOf(mtls: NonNullable<ConfigFile['mtls']>, directory: string): ListenConfig {
  const listener = listenerOf(mtls, directory)
  // What the entrance is for.
  return listener.tls === undefined
    ? listener
    : { ...listener, tls: { ...listener.tls, clientCertificates: 'requested' } }
}

function listenerOf(listen: ConfigFile['listen'], directory: string): ListenConfig {
  const { host, port, addressHeader, trustedPeers, tls, certificateHeader } = listen
  return {
    host,
    port,
    addressHeader,
    ...(trustedPeers === undefined ? {} : { trustedPeers }),
    ...(certificateHeader === undefined ? {} : { certificateHeader }),
    ...(tls === undefined
      ? {}
      : { tls: { ...tls, certificate: resolve(directory, tls.certificate), key: resolve(directory, tls.key) } }),
  }
}

function lifetimesOf({ lifetimes }: ConfigFile): Lifetimes {
  return {
    code: seconds(lifetimes.code),
    requestUri: seconds(lifetimes.requestUri),
    accessToken: seconds(lifetimes.accessToken),
    idToken: seconds(lifetimes.idToken),
    interaction: seconds(lifetimes.interaction),
    session: seconds(lifetimes.session),
    refreshToken: seconds(lifetimes.refreshToken),
    // Unless both were set: `checkMeaning` refuses those that contradict each other.
    refreshTokenIdle: seconds(Math.min(lifetimes.refreshTokenIdle, lifetimes.refreshToken)),
  }
}
