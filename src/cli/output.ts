/** What commands write: results to standard output, everything else to standard error. */

/** Writes one line of a result. Control characters, which somebody else may have chosen, do not get through. */
export function print(line: string): void {
  process.stdout.write(`${harmless(line)}\n`)
}

/** Writes a result for machines: one JSON document, in which control characters are escaped. */
export function printJson(value: unknown): void {
  print(escaped(JSON.stringify(value, undefined, 2)))
}

/** The same in one line. */
export function printJsonLine(value: unknown): void {
  print(escaped(JSON.stringify(value)))
}

/** Writes one line for the person at the keyboard. */
export function tell(line: string): void {
  process.stderr.write(`${harmless(line)}\n`)
}

/** Aligned columns, two spaces apart. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  for (const row of rows) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    print(plain(cells.join('  ').trimEnd()))
  }
}

/** Line feeds are ours; whatever else moves a cursor is not. */
function harmless(text: string): string {
  return text.split('\n').map(plain).join('\n')
}

/** What JSON.stringify leaves as it is, outside the control characters of ASCII. */
function escaped(json: string): string {
  return json.replaceAll(/[\u{7f}-\u{9f}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, unit) => character.charCodeAt(unit))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}
