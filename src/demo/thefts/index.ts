import { clientThefts } from './client-thefts.ts'
import { codeThefts } from './code-thefts.ts'
import { grantThefts } from './grant-thefts.ts'
import { machineThefts } from './machine-thefts.ts'
import { paymentThefts } from './payment-thefts.ts'
import { requestThefts } from './request-thefts.ts'
import type { Chapter, Theft } from './theft.ts'
import { tokenThefts } from './token-thefts.ts'

export type { Chapter, Consequence, StolenCall, Theft } from './theft.ts'

/** All thefts by kind, in the order they are tried. */
export const chapters: readonly Chapter[] = [
  tokenThefts,
  grantThefts,
  codeThefts,
  requestThefts,
  clientThefts,
  machineThefts,
  paymentThefts,
]

/** All thefts, in the order they are tried. */
export const thefts: readonly Theft[] = chapters.flatMap((chapter) => chapter.thefts)
