import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { type Action, readQuickstart } from './quickstart.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/quickstart.md'), 'utf8')

/** What the page promises, in milliseconds. */
const promised = 5 * 60_000

const folder = mkdtempSync(join(tmpdir(), 'quickstart-'))
const started: ChildProcess[] = []

after(() => {
  for (const { pid } of started) if (pid !== undefined) stopGroup(pid)
  rmSync(folder, { recursive: true, force: true })
})

/** npm, the shell and the server it runs. */
function stopGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // It ended by itself.
  }
}

/** A shell that knows nothing of this checkout; ends, or says where the demo is. */
async function run(command: string, cwd: string): Promise<void> {
  const { npm_config_user_agent: _, NODE_OPTIONS: __, ...environment } = process.env
  const shell = spawn('bash', ['-ec', command], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, STRONGROOM_REPOSITORY: root, PATH: pathWithoutThisCheckout() },
  })
  started.push(shell)
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('http://127.0.0.1:4600')) resolve()
    }
    shell.stdout.on('data', listen)
    shell.stderr.on('data', listen)
    shell.on('error', reject)
    shell.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: ${said}`))))
  })
}

function pathWithoutThisCheckout(): string {
  return (process.env['PATH'] ?? '')
    .split(':')
    .filter((entry) => !entry.startsWith(root) && !entry.includes('node_modules'))
    .join(':')
}

async function act(action: Action, browsing: Page): Promise<void> {
  switch (action.kind) {
    case 'run':
      return run(action.command, action.command.includes('git clone') ? folder : join(folder, 'strongroom'))
    case 'open':
      await browsing.goto(action.url)
      return
    case 'press': {
      // A part of a name that only screen readers say is set off by a space.
      const named = { name: new RegExp(`^${action.name.replaceAll(':', ' ?:')}$`) }
      await browsing.getByRole('button', named).or(browsing.getByRole('link', named)).first().click()
      return
    }
    case 'read':
      await browsing.getByText(action.text).first().waitFor()
  }
}

test('docs/quickstart.md, done as it says: from clone to a refused theft in five minutes', {
  timeout: promised,
}, async (t) => {
  const browser = await launchChromium()
  after(() => browser.close())
  const browsing = await browser.newPage()
  const steps = readQuickstart(page)
  const kinds = steps.flatMap(({ actions }) => actions.map(({ kind }) => kind))
  assert.deepEqual([...new Set(kinds)].toSorted(), ['open', 'press', 'read', 'run'])
  for (const { title, actions } of steps) {
    const begun = performance.now()
    for (const action of actions) await act(action, browsing)
    t.diagnostic(`${title}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  }
})
