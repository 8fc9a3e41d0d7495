import { createGuard, type Guard, type GuardPorts, parseGuardPolicy } from '../../src/guard/index.ts'
import { createMac, createVerifier, random, sha256 } from '../../src/node/runtime.ts'
import { createReplayMemory } from '../../src/core/replay-memory.ts'
import { theBank, theIssuer, type World } from './world.ts'

/** The bank of a world behind a guard that reads the keys of its server. */
export function aGuardedBank(world: World, ports: Partial<GuardPorts> = {}): Guard {
  return createGuard(
    parseGuardPolicy({
      resource: theBank,
      name: 'Demo Bank',
      publicUrl: theBank,
      issuers: [theIssuer],
      certificateBoundTokens: 'accepted',
      routes: [{ methods: ['GET'], path: '/accounts', scope: ['accounts'], speaksFor: 'person' }],
    }),
    {
      fetchJson: async (url) => (await world.send('GET', url.slice(theIssuer.length))).json,
      clock: world.now,
      hash: sha256,
      verify: createVerifier({ cacheSize: 100 }),
      mac: createMac(),
      replay: createReplayMemory({ clock: world.now }),
      random,
      audit: () => undefined,
      ...ports,
    },
  )
}
