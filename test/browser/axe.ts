import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const source = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/**
 * What keeps people out of a page, one line each: what axe finds by all its rules but the experimental ones, and that it
 * has to be scrolled sideways. The page's own policy stands: axe runs outside of it.
 */
export async function findings(page: Page): Promise<readonly string[]> {
  await page.evaluate(source)
  const found: Pick<AxeResults, 'violations' | 'incomplete'> = await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  )
  const flaws = found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary ?? ''}`),
  )
  const overhang = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  return overhang > 0 ? [...flaws, `${overhang} pixels too wide`] : flaws
}
