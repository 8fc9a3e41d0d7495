/** What the benchmark prints: JSON for machines, a table for people. */

/** One row. CPU in verifications for each request, or each complete flow; times in milliseconds. */
export type Row = {
  readonly work: string
  readonly store: string
  readonly cpuPerRequest: number
  /** The least the work can cost: its signatures and a bare HTTP server. */
  readonly floor: number
  readonly peers: readonly { readonly name: string; readonly cpuPerRequest: number }[]
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were no success, of anybody, warm-up included: anything but 0 makes the row worthless. */
  readonly errors: number
}

/** A whole run. */
export type Report = {
  readonly readyMs: number
  readonly idleMb: number
  readonly verifyUs: number
  readonly rows: readonly Row[]
}

/** What makes the run worthless, one line for each row; nothing when every answer was a success. */
export function failuresOf(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ errors }) => errors !== 0)
    .map(({ work, errors }) => `FAILED: ${work}: ${errors} answers were no success; its figures mean nothing`)
}

/** The report as text for people. */
export function renderTable({ readyMs, idleMb, verifyUs, rows }: Report): string {
  const header = ['work', 'ours', 'floor', 'peers', 'requests/s', 'p50 ms', 'p99 ms', 'errors']
  const lines = rows.map((row) => [
    row.work,
    row.cpuPerRequest.toFixed(2),
    row.floor.toFixed(2),
    row.peers.map(({ name, cpuPerRequest }) => `${name} ${cpuPerRequest.toFixed(2)}`).join(', '),
    String(row.requestsPerSecond),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.errors === 0 ? '0' : `${row.errors}: NOT VALID`,
  ])
  const widths = header.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => (line[column] ?? '').length)),
  )
  const table = [header, ...lines].map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [
    `ready after ${readyMs} ms, idle at ${idleMb} MB; CPU for each request in ES256 verifications of ${verifyUs} µs`,
    '',
    ...table,
    '',
  ].join('\n')
}
