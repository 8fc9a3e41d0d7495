/** `${env:NAME}` and `${file:path}` in the values of a configuration; `$${` stands for `${`. */

import { isJsonObject } from '../../core/names.ts'
import { dotted, type Note } from './problems.ts'

/** Where values come from. */
export type Sources = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of a file named in the configuration, or why it cannot be read. */
  readonly readFile: (path: string) => { readonly text: string } | { readonly problem: string }
}

/** The value with every text in it interpolated; what cannot be found is noted, by name and never by value. */
export function interpolate(
  value: unknown,
  sources: Sources,
  note: Note,
  path: readonly (string | number)[] = [],
): unknown {
  if (typeof value === 'string') return interpolateText(value, sources, (what) => note(dotted(path), what))
  if (Array.isArray(value))
    return value.map((item: unknown, index) => interpolate(item, sources, note, [...path, index]))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, interpolate(member, sources, note, [...path, key])]),
  )
}

function interpolateText(text: string, { env, readFile }: Sources, note: (what: string) => void): string {
  return text.replaceAll(/\$\$\{|\$\{([^}]*)\}/g, (whole, reference?: string) => {
    if (reference === undefined) return '${'
    const [, source, name = ''] = /^(env|file):(.+)$/.exec(reference) ?? []
    if (source === 'env') {
      const value = env[name]
      if (value === undefined) note(`the environment variable ${name} is not set`)
      return value ?? whole
    }
    if (source === 'file') {
      const read = readFile(name)
      if ('text' in read) return read.text
      note(read.problem)
      return whole
    }
    note('what stands in ${…} must begin with env: or file:')
    return whole
  })
}
