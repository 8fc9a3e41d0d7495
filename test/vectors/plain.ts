import type { Browser } from '../flow/steps.ts'
import { theIssuer } from '../flow/world.ts'
import type { Draft } from './request.ts'

/** A request of nobody, with nothing in it. */
export const plain: Draft = {
  method: 'POST',
  origin: theIssuer,
  path: '',
  parameters: [],
  parametersIn: 'form',
  cookie: undefined,
  caller: undefined,
  proof: 'none',
  token: undefined,
  words: {},
}

/** The cookies of a browser, as it sends them. */
export function cookieOf({ jar }: Browser): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}
