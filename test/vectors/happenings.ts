import type { JsonObject } from '../../src/core/names.ts'
import { checkMembers } from './load.ts'

/** What the runner can do between the steps that lead to a request and the request itself. */
export type Happenings = Readonly<Record<string, (value: unknown, event: JsonObject) => Promise<unknown>>>

/** Lets something happen. @throws AssertionError when nobody knows how */
export async function happen(event: JsonObject, known: Happenings): Promise<void> {
  const names = Object.keys(known)
  checkMembers(event, [...names, 'change'], 'meanwhile')
  const [name = ''] = names.filter((one) => Object.hasOwn(event, one))
  const act = known[name]
  if (act === undefined) throw new RangeError(`nothing happens in ${JSON.stringify(event)}`)
  await act(event[name], event)
}
