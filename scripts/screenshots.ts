/**
 * Takes the pictures of docs/images anew, at phone and desktop width, in light and dark, and says how large each is. `node
 * scripts/screenshots.ts [FOLDER]`.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { anyPorts, startWorld } from '../src/demo/world.ts'
import { launchChromium } from '../test/browser/chromium.ts'
import { tour } from '../test/browser/tour.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../docs/images', import.meta.url))
const widths = { phone: { width: 375, height: 720 }, desktop: { width: 1280, height: 800 } } as const

/** The pages worth a picture; of the long overview of the thefts, what is seen first. */
const kept: ReadonlyMap<string, 'whole' | 'first screen'> = new Map([
  ['sign-in', 'whole'],
  ['sign-in-failed', 'whole'],
  ['consent', 'whole'],
  ['consent-payment', 'whole'],
  ['account', 'whole'],
  ['sign-out', 'whole'],
  ['error', 'whole'],
  ['app-connected', 'whole'],
  ['heist', 'first screen'],
  ['heist-theft', 'whole'],
])

mkdirSync(folder, { recursive: true })
const browser = await launchChromium()
try {
  for (const [device, viewport] of Object.entries(widths)) {
    for (const colorScheme of ['light', 'dark'] as const) await takeAll(device, viewport, colorScheme)
  }
} finally {
  await browser.close()
}

/** Each in a demo of its own: nothing is left from the one before. */
async function takeAll(
  device: string,
  viewport: { readonly width: number; readonly height: number },
  colorScheme: 'light' | 'dark',
): Promise<void> {
  const world = await startWorld(anyPorts)
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB' })
  try {
    await tour(context, world, async (name, page) => {
      const part = kept.get(name)
      if (part === undefined) return
      const path = join(folder, `${name}-${device}-${colorScheme}.png`)
      await page.screenshot({ path, fullPage: part === 'whole' })
      process.stdout.write(`${path}: ${Math.round(statSync(path).size / 1024)} kB\n`)
    })
  } finally {
    await context.close()
    await world.close()
  }
}
