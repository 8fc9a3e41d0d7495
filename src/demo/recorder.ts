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
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** The latest request that fits. */
  readonly latest: (fits: (request: Recorded) => boolean) => Recorded | undefined
}

/** How many requests are kept. */
const most = 200

/** Keeps the latest requests that pass through `fetch`. */
export function createRecorder(fetch: Recorder['fetch']): Recorder {
  const requests: Recorded[] = []
  return {
    fetch: (url, init) => {
      const { method = 'GET', headers, body } = init
      const text = body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : ''
      requests.push({ url, method, headers: new Headers(headers), body: text })
      if (requests.length > most) requests.shift()
      return fetch(url, init)
    },
    latest: (fits) => requests.findLast(fits),
  }
}
