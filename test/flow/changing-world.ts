import { Secret } from '../../src/core/names.ts'
import { aClock, aKeyStore } from '../../src/node/keys/fixtures.test-support.ts'
import { keySchedule } from '../../src/node/keys/schedule.ts'
import { openSigningKeys } from '../../src/node/keys.ts'
import { random, sha256 } from '../../src/node/runtime.ts'
import { aWorld, dawn } from './world.ts'

/** A world whose signing keys change; `pass` lets seconds go by, for the keys too. */
export async function aChangingWorld() {
  const clock = aClock(dawn)
  const options = {
    store: aKeyStore(),
    sealing: new Secret(random(32)),
    algorithms: ['ES256'],
    schedule: keySchedule({ rotateEvery: 86_400, publishAhead: 360 }),
    clock,
    random,
    hash: sha256,
  } as const
  const keys = await openSigningKeys(options)
  const world = await aWorld({ ports: { keys } })
  const pass = async (span: number) => {
    clock.pass(span)
    world.wait(span)
    await keys.refresh()
  }
  return { world, options, keys, pass }
}
