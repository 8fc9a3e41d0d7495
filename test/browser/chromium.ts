import packed, { inflate, setupLambdaEnvironment } from '@sparticuz/chromium'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'

/**
 * A real Chromium, unpacked from an npm package. It keeps its traffic on this machine: what it does by itself in the
 * background is switched off.
 */
export async function launchChromium(): Promise<Browser> {
  // The shared libraries a bare machine lacks (NSS among them) come along in the package.
  const shipped = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '../bin/al2023.tar.br')
  setupLambdaEnvironment(join(await inflate(shipped), 'lib'))
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
