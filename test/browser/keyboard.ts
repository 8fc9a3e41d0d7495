import type { Page } from 'playwright-core'

/** More than any page has places to stop at. */
const most = 120

/**
 * Presses Tab until the element is reached that a selector or its whole text tells, as somebody without a mouse gets there.
 * @throws Error when it cannot be reached
 */
export async function tabTo(page: Page, wanted: { readonly part: string } | { readonly text: string }): Promise<void> {
  const isThere =
    'part' in wanted
      ? `document.activeElement?.matches(${JSON.stringify(wanted.part)}) ?? false`
      : `(document.activeElement?.textContent ?? '').replaceAll(/\\s+/g, ' ').trim() === ${JSON.stringify(wanted.text)}`
  for (let presses = 0; presses < most; presses += 1) {
    if (await page.evaluate<boolean>(isThere)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${JSON.stringify(wanted)} cannot be reached with the keyboard on ${page.url()}`)
}
