import { after } from 'node:test'
import type { Browser } from 'playwright-core'
import { anyPorts, startWorld, type World } from '../../src/demo/world.ts'
import { launchChromium } from './chromium.ts'

/** The demo and a Chromium, for the tests of one file; both are gone after them. */
export async function theDemo(): Promise<{ readonly world: World; readonly browser: Browser }> {
  const world = await startWorld(anyPorts)
  after(world.close)
  const browser = await launchChromium()
  after(() => browser.close())
  return { world, browser }
}
