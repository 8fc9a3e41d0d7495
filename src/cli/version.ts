import { readFileSync } from 'node:fs'
import { isJsonObject } from '../core/names.ts'

/** The version of the package this file is part of, from source and from the published build alike. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const found = isJsonObject(manifest) ? manifest['version'] : undefined
  return typeof found === 'string' ? found : 'unknown'
}
