/** Where clients of these tests wait for their answers: a page on a loopback socket, for Chromium goes nowhere else. */

import { createServer } from 'node:http'

/** It, until it is closed. */
export type Callback = {
  readonly uri: string
  /** Every address it was called at, the parameters with it. */
  readonly called: readonly URL[]
  readonly close: () => Promise<void>
}

/** Starts one. */
export async function startCallback(): Promise<Callback> {
  const called: URL[] = []
  let origin = ''
  const server = createServer((request, response) => {
    called.push(new URL(request.url ?? '/', origin))
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<!doctype html><html lang="en"><title>Back</title><body><h1>Back at the client</h1></body></html>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    uri: `${origin}/callback`,
    called,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
