import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { isJsonObject } from '../../src/core/names.ts'

const main = fileURLToPath(new URL('../../bench/main.ts', import.meta.url))
const run = promisify(execFile)

/** Runs the benchmark; what it measures is nobody's business here. */
function bench(...args: readonly string[]) {
  return run(process.execPath, ['--no-warnings', main, ...args], { timeout: 90_000 })
}

const positive = (value: unknown) => typeof value === 'number' && value > 0
/** CPU is counted in ticks of 10 ms: a tiny window may show none. */
const notNegative = (value: unknown) => typeof value === 'number' && value >= 0

test('bench --json prints the report and nothing else, and every answer was right', async () => {
  const { stdout } = await bench('--json', '--seconds', '0.05', '--runs', '1')
  const report: unknown = JSON.parse(stdout)
  assert.ok(isJsonObject(report))
  assert.deepEqual(Object.keys(report), ['readyMs', 'idleMb', 'verifyUs', 'rows'])
  for (const name of ['readyMs', 'idleMb', 'verifyUs']) assert.ok(positive(report[name]), name)
  const rows = report['rows']
  assert.ok(Array.isArray(rows))
  assert.deepEqual(
    rows.map(({ work }) => work),
    ['par', 'token-client-credentials'],
  )
  for (const row of rows) {
    assert.deepEqual(Object.keys(row), [
      'work',
      'store',
      'cpuPerRequest',
      'floor',
      'peers',
      'requestsPerSecond',
      'p50Ms',
      'p99Ms',
      'errors',
    ])
    assert.equal(row.errors, 0)
    assert.equal(typeof row.store, 'string')
    assert.deepEqual(
      row.peers.map(({ name }: { name: string }) => name),
      ['oidc-provider'],
    )
    for (const cost of [row.cpuPerRequest, row.floor, row.peers[0].cpuPerRequest]) assert.ok(notNegative(cost))
    for (const name of ['requestsPerSecond', 'p50Ms', 'p99Ms']) assert.ok(positive(row[name]), name)
  }
})

test('bench measures only the rows it is asked for, as a table for people', async () => {
  const { stdout } = await bench('--rows', 'par', '--seconds', '0.05', '--runs', '1')
  assert.match(stdout, /^par .* oidc-provider /m)
  assert.doesNotMatch(stdout, /token-client-credentials/)
})

test('bench explains itself and refuses what it does not know', async () => {
  const { stdout } = await bench('--help')
  assert.match(stdout, /--rows/)
  await assert.rejects(bench('--rows', 'nothing'), { code: 2 })
  await assert.rejects(bench('--nothing'), { code: 2 })
  await assert.rejects(bench('--runs', '0'), { code: 2 })
})
