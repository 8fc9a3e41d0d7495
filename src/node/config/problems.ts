/** What is wrong with a configuration, collected while it is read. */

/** The configuration cannot be used. One problem a line, each with the path of what is wrong; never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly lines: readonly string[]
  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

/** Takes note of one problem. `where` is a dotted path or the name of an environment variable. */
export type Note = (where: string, what: string) => void

/** `apis[0].scopes[1].name` */
export function dotted(path: readonly (string | number)[]): string {
  let text = ''
  for (const part of path)
    text += typeof part === 'number' ? `[${part}]` : text === '' ? nameOf(part) : `.${nameOf(part)}`
  return text
}

/** A key as it was written, unless it looks like a value that lost its space after the colon: that may be a secret. */
function nameOf(key: string): string {
  return /^[A-Za-z][\w-]{0,30}$/.test(key) ? key : '(a key that is no name)'
}
