/** The report for people. */

import { meanings } from './catalogue.ts'
import type { Report } from './judge.ts'

/** The report as text. */
export function renderTable({ requirements, attacks, rules }: Report): string {
  const { byGroup, missing, notApplicable } = requirements
  const groups = Object.entries(byGroup).map(([group, { total, covered, notApplicable: exempt }]) => {
    const own = missing.filter((row) => row.replace(/^RS-.*$/, 'RS').replace(/-\d+$/, '') === group)
    return [
      group,
      String(total),
      String(covered),
      String(exempt),
      own.map((row) => row.slice(group.length + 1)).join(' '),
    ]
  })
  return [
    ...columns([['group', 'rows', 'covered', 'n/a', 'missing'], ...groups]),
    '',
    `requirements  ${requirements.covered} of ${requirements.total} covered, ${missing.length} missing`,
    `attacks       ${attacks.covered} of ${attacks.total} covered`,
    `rules         ${rules.total}: ${rules.withTest} with a test, ${rules.withVector} with a vector, ${rules.withDocs} documented`,
    ...section(
      'do not apply',
      Object.entries(notApplicable).map(([row, reason]) => `${row}  ${meaningOf(reason)}`),
    ),
    ...section('attacks that are missing', wrapped(attacks.missing)),
    '',
  ].join('\n')
}

function meaningOf(reason: string): string {
  return Object.entries(meanings).find(([known]) => known === reason)?.[1] ?? reason
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}

function wrapped(ids: readonly string[]): readonly string[] {
  const inOneLine = 16
  const count = Math.ceil(ids.length / inOneLine)
  return Array.from({ length: count }, (_, line) => ids.slice(line * inOneLine, (line + 1) * inOneLine).join(' '))
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
