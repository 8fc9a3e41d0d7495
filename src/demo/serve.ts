import { createAdaptorServer } from '@hono/node-server'
import { ListenerUnavailable } from '../node/listener.ts'

/** Where to listen; port 0 takes any free one. */
export type Address = { readonly host: string; readonly port: number }

/** What answers a request, as `@hono/node-server` wants it. */
export type FetchCallback = Parameters<typeof createAdaptorServer>[0]['fetch']

/** A port that is taken, in front of an app that may come later. */
export type Served = {
  /** The origin. */
  readonly url: string
  /** What answers from now on. */
  readonly mount: (app: FetchCallback) => void
  readonly close: () => Promise<void>
}

/**
 * Listens as an app on Hono does, with nothing of ours in between.
 * @throws ListenerUnavailable
 */
export async function serve({ host, port }: Address): Promise<Served> {
  let app: FetchCallback = () => new Response('starting', { status: 503 })
  const server = createAdaptorServer({ fetch: (request, env) => app(request, env) })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new ListenerUnavailable(`${host}:${port}`, error.code ?? 'unknown', error))
    })
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host}:${taken}`,
    mount: (next) => {
      app = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
