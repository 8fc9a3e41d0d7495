/** Everything that takes input from strangers. */

import { detailTargets } from './targets/authorization-details.ts'
import { coreTargets } from './targets/core.ts'
import { nodeTargets } from './targets/node.ts'
import { resourceTargets } from './targets/resource.ts'
import { serverTargets } from './targets/server.ts'
import { stopStores, storeTargets } from './targets/stores.ts'
import type { Target } from './target.ts'

export const allTargets: readonly Target[] = [
  ...coreTargets,
  ...detailTargets,
  ...nodeTargets,
  ...storeTargets,
  ...resourceTargets,
  ...serverTargets,
]

/** Ends what targets opened: sockets and the like. */
export const stopTargets = stopStores
