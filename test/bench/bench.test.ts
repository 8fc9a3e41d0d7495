import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { writeActors } from '../../bench/actors.ts'
import { works } from '../../bench/messages.ts'
import { start } from '../../bench/processes.ts'
import { failuresOf } from '../../bench/report.ts'
import { measureRows } from '../../bench/rows.ts'
import { isJsonObject } from '../../src/core/names.ts'

const main = fileURLToPath(new URL('../../bench/main.ts', import.meta.url))
const run = promisify(execFile)

/** Runs the benchmark; what it measures is nobody's business here. */
function bench(...args: readonly string[]) {
  return run(process.execPath, ['--no-warnings', main, ...args], { timeout: 110_000 })
}

const positive = (value: unknown) => typeof value === 'number' && value > 0
/** CPU is counted in ticks of 10 ms: a tiny window may show none. */
const notNegative = (value: unknown) => typeof value === 'number' && value >= 0

/** Each half is a run of its own: one run of all takes too long for one test. */
const halves = [
  ['par', 'token-client-credentials', 'token-refresh'],
  ['introspection', 'whole-flow'],
]

for (const half of halves) {
  const names = half.join(', ')
  test(`bench --json prints the report and nothing else, and every answer was right: ${names}`, async () => {
    const { stdout } = await bench('--json', '--rows', half.join(','), '--seconds', '0.05', '--runs', '1')
    const report: unknown = JSON.parse(stdout)
    assert.ok(isJsonObject(report))
    assert.deepEqual(Object.keys(report), ['readyMs', 'idleMb', 'verifyUs', 'rows'])
    for (const name of ['readyMs', 'idleMb', 'verifyUs']) assert.ok(positive(report[name]), name)
    const rows = report['rows']
    assert.ok(Array.isArray(rows))
    assert.deepEqual(
      rows.map(({ work }) => work),
      half,
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
}

test('bench measures only the rows it is asked for, as a table for people', async () => {
  const { stdout } = await bench('--rows', 'par', '--seconds', '0.05', '--runs', '1')
  assert.match(stdout, /^par .* oidc-provider /m)
  assert.doesNotMatch(stdout, /token-client-credentials/)
})

for (const work of ['token-refresh', 'introspection', 'whole-flow'] as const) {
  test(`bench fails when one answer of ${work} is no success, whatever its status`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'strongroom-bench-test-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const actors = join(directory, 'actors.json')
    writeActors(actors)
    const refusing = new URL('./refusing-server.ts', import.meta.url)
    const told: string[] = []
    const rows = await measureRows(
      [work],
      {
        directory,
        actors,
        product: refusing,
        seconds: 0.05,
        runs: 1,
        startServer: (_name, place) => Promise.resolve(start(refusing, [actors, String(place.port), place.work])),
        progress: (line) => told.push(line),
      },
      [],
    )
    // Each of the three contestants refused one.
    assert.deepEqual(
      rows.map((row) => [row.work, row.errors]),
      [[work, 3]],
    )
    assert.match(failuresOf(rows).join('\n'), new RegExp(`^FAILED: ${work}: 3 answers `))
    assert.deepEqual(failuresOf(rows.map((row) => ({ ...row, errors: 0 }))), [])
    assert.equal(told.filter((line) => line.includes('1 ERRORS')).length, 3)
  })
}

test('bench explains itself and refuses what it does not know', async () => {
  const { stdout } = await bench('--help')
  assert.match(stdout, /--rows/)
  for (const work of works) assert.ok(stdout.includes(work), work)
  assert.deepEqual(halves.flat(), [...works])
  await assert.rejects(bench('--rows', 'nothing'), { code: 2 })
  await assert.rejects(bench('--nothing'), { code: 2 })
  await assert.rejects(bench('--runs', '0'), { code: 2 })
})
