/** The floor of every row: Node's bare HTTP server with the least work behind it. */

import { createServer } from 'node:http'
import { leastWork } from '../least-work.ts'
import { endWhenTold, serverTask } from './ready.ts'

const { port } = serverTask()
const server = createServer(leastWork(`http://127.0.0.1:${port}`))
server.keepAliveTimeout = 65_000
server.listen(port, '127.0.0.1')
endWhenTold(() => server.closeAllConnections())
