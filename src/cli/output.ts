/** What commands write: results to standard output, everything else to standard error. */

/** Writes one line of a result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Writes a result for machines: one JSON document. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2))
}

/** Writes one line for the person at the keyboard. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Aligned columns, two spaces apart. Control characters, which somebody else may have chosen, do not get through. */
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

function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}
