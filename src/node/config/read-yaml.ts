import { isJsonObject, type JsonObject } from '../../core/names.ts'
import { LineCounter, parseDocument } from 'yaml'
import { ConfigError } from './problems.ts'

/**
 * Reads YAML 1.2 (or JSON) into an object. An empty text is an empty object.
 * @throws ConfigError naming line and column, never the text, which may hold a secret.
 */
export function readYaml(text: string): JsonObject {
  const lineCounter = new LineCounter()
  // The warnings the parser would print itself repeat the text.
  const options = { prettyErrors: false, uniqueKeys: true, strict: true, lineCounter, logLevel: 'error' } as const
  const document = parseDocument(text, options)
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0])
    return `line ${line}, column ${col}: ${sentences.get(code) ?? 'not valid YAML'} (${code.toLowerCase()})`
  })
  if (problems.length > 0) throw new ConfigError(problems)
  const value = toPlain(() => document.toJS({ maxAliasCount: 100 }))
  if (value === null) return {}
  if (!isJsonObject(value)) throw new ConfigError(['the file must hold keys and values at its top'])
  return value
}

const sentences: ReadonlyMap<string, string> = new Map([
  ['DUPLICATE_KEY', 'a key stands twice'],
  ['TAB_AS_INDENT', 'a tab is used to indent: use spaces'],
  ['BAD_INDENT', 'the indentation does not fit'],
  ['MISSING_CHAR', 'a character is missing here'],
  ['MULTIPLE_DOCS', 'the file holds more than one document'],
])

function toPlain(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    throw new ConfigError(['an alias cannot be resolved, or there are too many'])
  }
}
