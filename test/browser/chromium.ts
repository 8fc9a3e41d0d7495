import packed from '@sparticuz/chromium'
import { type Browser, chromium } from 'playwright-core'

/**
 * A real Chromium, unpacked from an npm package. It keeps its traffic on this machine: what it does by itself in the
 * background is switched off.
 */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await packed.executablePath(),
    headless: true,
    args: [
      '--headless=shell',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
