import type { Story } from './script.ts'

/** The story as a table for people. */
export function renderStory({ steps, thefts, ok }: Story): string {
  const rows = thefts.map(({ name, attack, status, refusedBy, ok: isRefused }) => [
    isRefused ? '✔' : '✖',
    attack,
    name,
    String(status),
    refusedBy ?? 'NOT REFUSED',
  ])
  const table = align([['', 'attack', 'what the thief tried', 'status', 'refused by'], ...rows])
  const wrong = steps.filter((step) => !step.ok).map(({ name, detail }) => `✖ ${name}: ${detail}`)
  const refused = thefts.filter((theft) => theft.ok).length
  const worked = steps.length - wrong.length
  const summary = `${refused} of ${thefts.length} thefts refused as they should be, ${worked} of ${steps.length} honest steps worked.`
  return [...table, '', ...wrong, `${ok ? '✔' : '✖'} ${summary}`, ''].join('\n')
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The story for machines. */
export function renderStoryAsJson({ steps, thefts, ok }: Story): string {
  const told = thefts.map(({ name, attack, status, refusedBy = null, ok: isRefused }) => ({
    name,
    attack,
    status,
    refusedBy,
    ok: isRefused,
  }))
  return `${JSON.stringify({ steps, thefts: told, ok }, undefined, 2)}\n`
}
