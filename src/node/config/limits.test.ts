import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from './load.ts'
import { ConfigError } from './problems.ts'

const load = (flags: Readonly<Record<string, string>> = {}) =>
  loadConfig({ file: undefined, env: {}, flags: { issuer: 'https://as.example', 'store.kind': 'memory', ...flags } })
    .server.limits

test('[OPS-07] limits have a value unless set, and bounds', () => {
  assert.deepEqual(load(), { perClientPerMinute: 6000, perAddressPerMinute: 12_000 })
  const set = { 'limits.perClientPerMinute': '60', 'limits.perAddressPerMinute': '10000000' }
  assert.deepEqual(load(set), { perClientPerMinute: 60, perAddressPerMinute: 10_000_000 })
  for (const value of ['59', '10000001', '0', '-1', '1.5', 'none', '']) {
    for (const name of ['limits.perClientPerMinute', 'limits.perAddressPerMinute']) {
      assert.throws(
        () => load({ [name]: value }),
        (error: unknown) =>
          error instanceof ConfigError && error.lines.length === 1 && error.lines[0]?.startsWith(`${name}: `),
        `${name}=${value}`,
      )
    }
  }
})
