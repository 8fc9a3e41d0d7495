import { clientThefts } from './client-thefts.ts'
import { codeThefts } from './code-thefts.ts'
import { grantThefts } from './grant-thefts.ts'
import { machineThefts } from './machine-thefts.ts'
import { requestThefts } from './request-thefts.ts'
import type { Theft } from './theft.ts'
import { tokenThefts } from './token-thefts.ts'

export type { Consequence, Scene, Theft } from './theft.ts'

/** All thefts, in the order they are tried. */
export const thefts: readonly Theft[] = [
  ...tokenThefts,
  ...grantThefts,
  ...codeThefts,
  ...requestThefts,
  ...clientThefts,
  ...machineThefts,
]
