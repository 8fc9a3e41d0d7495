/** Choices that a number decides: the same seed, the same choices, in every process. */
export type Draw = {
  /** A whole number from 0 up to, and without, `end`. */
  readonly below: (end: number) => number
  /** True once in `often` times. */
  readonly once: (often: number) => boolean
  readonly pick: <T>(list: readonly T[]) => T
  /** As many as a number below `end`. */
  readonly some: <T>(end: number, one: () => T) => T[]
}

/** What case number `index` of one target draws from. */
export function drawFor(seed: number, target: string, index: number): Draw {
  const next = generator(`${seed} ${target} ${index}`)
  const below = (end: number) => Math.floor((next() / 0x1_0000_0000) * end)
  return {
    below,
    once: (often) => below(often) === 0,
    pick: (list) => {
      const chosen = list[below(list.length)]
      if (chosen === undefined && list.length === 0) throw new RangeError('nothing to pick from')
      // A list of this length has this entry.
      return chosen as (typeof list)[number]
    },
    some: (end, one) => Array.from({ length: below(end) }, one),
  }
}

/** 32 bits at a time: sfc32, its state filled by FNV-1a. Fast, and good enough to choose what to break. */
function generator(text: string): () => number {
  let [a, b, c, counter] = [hashed(`a${text}`), hashed(`b${text}`), hashed(`c${text}`), 1]
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 12; round += 1) next()
  return next
}

function hashed(text: string): number {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  return state | 0
}
