/** A server that does the least work, and refuses one request of its row: the hundredth. */

import { createServer, type ServerResponse } from 'node:http'
import { theRedirectUri } from '../../bench/actors.ts'
import { leastWork } from '../../bench/least-work.ts'
import { endWhenTold, serverTask } from '../../bench/servers/ready.ts'

const json = { 'content-type': 'application/json' }

/** Where each row is refused, and how: not every refusal has a status of its own. */
const refusals = new Map<string, { readonly path: string; readonly refuse: (response: ServerResponse) => unknown }>([
  ['token-refresh', { path: '/token', refuse: (response) => response.writeHead(429, json).end('{}') }],
  [
    'introspection',
    { path: '/introspect', refuse: (response) => response.writeHead(200, json).end('{"active":false}') },
  ],
  [
    'whole-flow',
    {
      path: '/authorize',
      refuse: (response) => response.writeHead(303, { location: `${theRedirectUri}?error=access_denied` }).end(),
    },
  ],
])

const { port, work } = serverTask()
const refusal = refusals.get(work)
if (refusal === undefined) throw new TypeError(`nothing is refused in ${work}`)
const answer = leastWork(`http://127.0.0.1:${port}`)
let seen = 0
const server = createServer((request, response) => {
  const isOfTheRow = request.url?.split('?')[0] === refusal.path
  if (isOfTheRow) seen += 1
  if (!isOfTheRow || seen !== 100) return answer(request, response)
  request.resume()
  refusal.refuse(response)
})
server.listen(port, '127.0.0.1')
endWhenTold(() => server.closeAllConnections())
