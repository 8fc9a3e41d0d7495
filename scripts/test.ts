/**
 * Runs the tests: all of them, or the files and patterns given. `npm run test:unit [-- FILE…]`.
 *
 * A test that leaves a socket or timer open keeps the runner waiting. Its own `--test-force-exit` would end the wait,
 * but loses results, also failed ones; so the whole run has a limit, at which the runner names the files it waits for.
 */
import { spawn } from 'node:child_process'

const limitInSeconds = Number(process.env['TEST_LIMIT_SECONDS'] ?? 900)
const given = process.argv.slice(2)
const files = given.length > 0 ? given : ['src/**/*.test.ts', 'test/**/*.test.ts']
const options = ['--test', '--test-concurrency=2', '--test-timeout=120000', '--test-reporter=spec']

const runner = spawn(process.execPath, [...options, ...files], { stdio: ['ignore', 'inherit', 'inherit'] })
let isLate = false
const limit = setTimeout(() => {
  isLate = true
  runner.kill('SIGTERM')
}, limitInSeconds * 1000)

runner.on('close', (code) => {
  clearTimeout(limit)
  process.exitCode = isLate ? 1 : (code ?? 1)
})
