/** One thing that takes input from strangers, and inputs for it. */

import type { Draw } from './draw.ts'

/** What became of an input. Anything else that a parser does is a finding. */
export type Fate = 'taken' | 'refused'

/** An input that is ready to be given. */
export type Case = { readonly input: unknown; readonly feed: () => Fate | Promise<Fate> }

export type Target = {
  readonly name: string
  /** How many inputs it gets, beside the others. */
  readonly weight: number
  readonly prepare: (draw: Draw) => Case | Promise<Case>
}

/** A target that makes an input and feeds it. */
export function target<Input>(
  name: string,
  weight: number,
  make: (draw: Draw) => Input,
  feed: (input: Input) => Fate | Promise<Fate>,
): Target {
  return {
    name,
    weight,
    prepare: (draw) => {
      const input = make(draw)
      return { input, feed: () => feed(input) }
    },
  }
}

type ErrorClass = abstract new (...given: never[]) => Error

/** Refused when it throws one of the named errors; every other error is passed on. */
export function unless(named: readonly ErrorClass[], work: () => unknown): Fate {
  try {
    work()
    return 'taken'
  } catch (error) {
    return fateOf(error, named)
  }
}

/** The same for what takes its time. */
export async function unlessLater(named: readonly ErrorClass[], work: () => Promise<unknown>): Promise<Fate> {
  try {
    await work()
    return 'taken'
  } catch (error) {
    return fateOf(error, named)
  }
}

function fateOf(error: unknown, named: readonly ErrorClass[]): Fate {
  if (named.some((one) => error instanceof one)) return 'refused'
  throw error
}
