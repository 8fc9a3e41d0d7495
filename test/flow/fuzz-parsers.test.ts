import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fuzz } from '../fuzz/harness.ts'
import { coreTargets } from '../fuzz/targets/core.ts'
import { nodeTargets } from '../fuzz/targets/node.ts'
import { resourceTargets } from '../fuzz/targets/resource.ts'
import { stopStores, storeTargets } from '../fuzz/targets/stores.ts'
import type { Target } from '../fuzz/target.ts'

// `npm run fuzz` feeds the same targets with more. A finding says how to feed the one input again.
const seed = 20_261_122

after(stopStores)

const families: readonly (readonly [string, number, readonly Target[]])[] = [
  ['what the core reads', 21_000, coreTargets],
  ['certificates, proxies, configuration and registrations', 12_000, nodeTargets],
  ['stored records and the management socket', 6000, storeTargets],
  ['what guards and clients read', 5000, resourceTargets],
]

for (const [about, count, targets] of families) {
  test(`[NET-07] ${about}: refused by its name, or taken (seed ${seed})`, async () => {
    const tallies = await fuzz(targets, { seed, count })
    assert.deepEqual(
      tallies.map(({ target }) => target),
      targets.map(({ name }) => name),
    )
    // Inputs that are all refused, or all taken, reach nothing.
    const reaching = tallies.filter(({ taken, refused }) => taken > 0 && refused > 0)
    assert.ok(reaching.length >= targets.length - 2, JSON.stringify(tallies))
  })
}
