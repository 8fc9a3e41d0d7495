import { bodyOf, observed, type Party, type Sender } from './trace.ts'

/** One request an application sent, as somebody who reads its traffic would have it. */
export type Recorded = {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: string
}

/** Reads along with an application. */
export type Recorder = {
  /** The fetch the application uses. */
  readonly fetch: Sender
  /** The latest request that fits. */
  readonly latest: (fits: (request: Recorded) => boolean) => Recorded | undefined
}

/** How many requests are kept. */
const most = 200

/** Keeps the latest requests that `from` sends through `fetch`, and adds them to the trace they belong to. */
export function createRecorder(from: Party, fetch: Sender): Recorder {
  const requests: Recorded[] = []
  const sender = observed(from, fetch)
  return {
    fetch: (url, init) => {
      const { method = 'GET', headers, body } = init
      requests.push({ url, method, headers: new Headers(headers), body: bodyOf(body) })
      if (requests.length > most) requests.shift()
      return sender(url, init)
    },
    latest: (fits) => requests.findLast(fits),
  }
}
