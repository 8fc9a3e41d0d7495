import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Connection, Handler } from '../core/ports.ts'
import { listen, ListenerUnavailable } from './listener.ts'

/** What one connection answers to raw bytes, until it closes. Chunks are sent 30 ms apart. */
function raw(port: number, ...chunks: string[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    for (const [index, chunk] of chunks.entries()) {
      setTimeout(() => socket.writable && socket.write(chunk), 30 * index)
    }
    socket.on('data', (data) => (answer += data.toString()))
    socket.on('close', () => resolve(answer))
    socket.on('error', () => undefined)
    setTimeout(() => socket.destroy(), 1500).unref()
  })
}

function statusOf(answer: string): number {
  return Number(answer.split(' ')[1])
}

async function withListener(
  handler: Handler,
  use: (port: number, failures: unknown[]) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  const listener = await listen(handler, {
    host: '127.0.0.1',
    port: 0,
    drainMs: 200,
    onFailure: (e) => failures.push(e),
  })
  try {
    await use(listener.port, failures)
  } finally {
    await listener.close()
  }
}

const hello: Handler = async (request) => new Response(new URL(request.url).pathname)
const get = (target: string, host = 'x') => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

test('the connection carries peer, target, and every header field in order', async () => {
  let connection: Connection | undefined
  const handler: Handler = async (_, given) => {
    connection = given
    return new Response('ok')
  }
  await withListener(handler, async (port) => {
    const target = '/a/../b?x=1&x=2'
    await raw(
      port,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP a\r\nDPoP: 1\r\nauthorization: DPoP b\r\nConnection: close\r\n\r\n`,
    )
    assert.equal(connection?.target, target)
    assert.equal(connection?.peerAddress, '127.0.0.1')
    assert.deepEqual(connection?.headers, [
      ['host', 'x'],
      ['authorization', 'DPoP a'],
      ['dpop', '1'],
      ['authorization', 'DPoP b'],
      ['connection', 'close'],
    ])
  })
})

test('[NET-07] no Host header and no request target brings it down', async () => {
  await withListener(hello, async (port, failures) => {
    for (const host of ['a b', '[', '[::1', '@', 'a@b', 'x/..', 'x?', 'x#', '%', 'x:99999', 'x:y', '\u0001', ',', '']) {
      const answer = await raw(port, get('/', host))
      assert.ok([200, 400].includes(statusOf(answer)), `${host}: ${answer}`)
    }
    assert.equal(statusOf(await raw(port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')), 400)
    assert.equal(statusOf(await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')), 400)
    for (const target of [
      '*',
      'x',
      'ftp://a/',
      'http://',
      'http://[',
      '/\\..\\',
      '//',
      '/%',
      '/%00',
      '/?#',
      'HTTP://a',
    ]) {
      const answer = await raw(port, get(target))
      assert.ok([200, 400].includes(statusOf(answer)), `${target}: ${answer}`)
    }
    assert.equal(statusOf(await raw(port, get('/still-here'))), 200)
    assert.deepEqual(failures, [])
  })
})

test('a target in absolute form is read as its path', async () => {
  await withListener(
    async (request, { target }) => new Response(`${new URL(request.url).pathname} ${target}`),
    async (port) => {
      assert.match(await raw(port, get('http://elsewhere.example/token?a=1')), /\r\n\r\n\/token \/token\?a=1$/)
      assert.match(await raw(port, get('https://elsewhere.example')), /\r\n\r\n\/ \/$/)
    },
  )
})

test('[NET-07] what is not HTTP gets 400 and is cut off', async () => {
  await withListener(hello, async (port) => {
    for (const bytes of [
      'hello\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n',
      'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
    ]) {
      assert.equal(statusOf(await raw(port, bytes)), 400, bytes)
    }
    assert.equal(statusOf(await raw(port, get('/'))), 200)
  })
})

test('[NET-07] a header of 8 kB is taken, one of 64 kB gets 431', async () => {
  await withListener(hello, async (port) => {
    const withToken = (length: number) =>
      `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP ${'a'.repeat(length)}\r\nConnection: close\r\n\r\n`
    assert.equal(statusOf(await raw(port, withToken(8192))), 200)
    assert.equal(statusOf(await raw(port, withToken(65_536))), 431)
    assert.equal(statusOf(await raw(port, withToken(8192))), 200)
  })
})

const reading: Handler = async (_, { readBody }) => {
  const body = await readBody(10)
  return new Response(typeof body === 'string' ? body : `${body.length}:${Buffer.from(body).toString()}`)
}

test('[NET-07] a body is read up to its bound, whatever Content-Length says', async () => {
  await withListener(reading, async (port) => {
    const post = (headers: string) => `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`
    const chunked = post('Transfer-Encoding: chunked\r\n')
    assert.match(await raw(port, `${post('Content-Length: 5\r\n')}hello`), /5:hello$/)
    assert.match(await raw(port, post('Content-Length: 5\r\n'), 'he', 'llo'), /5:hello$/)
    assert.match(await raw(port, post('Content-Length: 0\r\n')), /0:$/)
    assert.match(await raw(port, get('/')), /0:$/)
    assert.match(await raw(port, `${post('Content-Length: 10\r\n')}0123456789`), /10:0123456789$/)
    assert.match(await raw(port, `${chunked}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`), /10:helloworld$/)
    assert.match(await raw(port, post('Content-Length: 11\r\n')), /too_large$/)
    assert.match(await raw(port, `${chunked}5\r\nhello\r\n`, '6\r\nworld!\r\n'), /too_large/)
    assert.match(await raw(port, `${post('Content-Length: 5\r\n')}hello`), /5:hello$/)
  })
})

test('a body that breaks off is told from a whole one', async () => {
  let outcome: unknown
  const handler: Handler = async (_, { readBody }) => {
    outcome = await readBody(10)
    return new Response('')
  }
  await withListener(handler, async (port) => {
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe')
    await new Promise((tick) => setTimeout(tick, 50))
    socket.destroy()
    await new Promise((tick) => setTimeout(tick, 50))
    assert.equal(outcome, 'aborted')
    assert.match(await raw(port, get('/')), /^HTTP\/1.1 200/)
  })
})

test('a body is read once', async () => {
  const twice: Handler = async (_, { readBody }) => {
    await readBody(10)
    await readBody(10)
    return new Response('')
  }
  await withListener(twice, async (port, failures) => {
    assert.equal(statusOf(await raw(port, get('/'))), 500)
    assert.equal(failures.length, 1)
  })
})

test('what a handler throws is a bare 500', async () => {
  const failing: Handler[] = [
    async () => {
      throw new Error('a secret')
    },
    () => {
      throw new Error('a secret')
    },
    () => Promise.reject(new TypeError('a secret')),
  ]
  for (const handler of failing) {
    await withListener(handler, async (port, failures) => {
      const answer = await raw(port, get('/'))
      assert.equal(statusOf(answer), 500)
      assert.ok(!answer.includes('secret'))
      assert.match(answer, /\r\n\r\n$/)
      assert.equal(failures.length, 1)
    })
  }
})

test('a port in use is one named error', async () => {
  await withListener(hello, async (port) => {
    await assert.rejects(
      () => listen(hello, { host: '127.0.0.1', port }),
      (error) => {
        assert.ok(error instanceof ListenerUnavailable)
        assert.equal(error.code, 'EADDRINUSE')
        assert.equal(error.message, `cannot listen on 127.0.0.1:${port}: another program uses the port`)
        return true
      },
    )
    assert.equal(statusOf(await raw(port, get('/'))), 200)
  })
})

test('closing lets a running request end, then accepts nothing', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => (release = resolve))
  const handler: Handler = async () => {
    await gate
    return new Response('done')
  }
  const listener = await listen(handler, { host: 'localhost', port: 0, drainMs: 3000 })
  assert.equal(listener.url, `http://localhost:${listener.port}`)
  // Kept alive: closing must not wait for the peer to hang up.
  const answer = fetch(`http://127.0.0.1:${listener.port}/`)
  await new Promise((tick) => setTimeout(tick, 50))
  const closing = listener.close()
  release()
  assert.equal(await (await answer).text(), 'done')
  await closing
  assert.equal(await raw(listener.port, get('/')), '')
})

test('closing cuts off what takes too long', async () => {
  const listener = await listen(() => new Promise(() => {}), { host: '127.0.0.1', port: 0, drainMs: 100 })
  const answer = raw(listener.port, get('/'))
  await new Promise((tick) => setTimeout(tick, 50))
  await listener.close()
  assert.equal(await answer, '')
})

test('[NET-06] [AL-20] the address of a client is what the proxy on this machine wrote last, and only where it is told so', async () => {
  const seen: string[] = []
  const handler = (_: Request, { peerAddress }: Connection) => {
    seen.push(peerAddress)
    return Promise.resolve(new Response())
  }
  const ask = async (addressHeader: 'none' | 'x-forwarded-for', header: string) => {
    const listener = await listen(handler, { host: '127.0.0.1', port: 0, addressHeader })
    await raw(listener.port, `GET / HTTP/1.1\r\nHost: x\r\n${header}Connection: close\r\n\r\n`)
    await listener.close()
    return seen.at(-1)
  }
  const spoofed = 'X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.1, 192.0.2.44\r\n'
  assert.equal(await ask('none', spoofed), '127.0.0.1')
  assert.equal(await ask('x-forwarded-for', spoofed), '192.0.2.44')
  assert.equal(await ask('x-forwarded-for', 'X-Forwarded-For: 2001:db8::1\r\n'), '2001:db8::1')
  assert.equal(await ask('x-forwarded-for', 'X-Forwarded-For: unknown\r\n'), '127.0.0.1')
  assert.equal(await ask('x-forwarded-for', ''), '127.0.0.1')
})

/** Whether a connection that says nothing stays open until another one beside it was answered. */
async function isKept(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(false)))
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return Promise.race([closed, new Promise<boolean>((resolve) => socket.once('data', () => resolve(true)))])
}

test('[NET-07] [AL-15] one network cannot take all the connections; a proxy that speaks for many can', async () => {
  const options = { host: '127.0.0.1', port: 0, drainMs: 200, connectionsPerNetwork: 3 } as const
  const strangers = await listen(hello, { ...options, trustedPeers: ['192.0.2.1'] })
  const proxied = await listen(hello, options)
  try {
    for (const [listener, kept] of [
      [strangers, [true, true, true, false, false]],
      [proxied, [true, true, true, true, true]],
    ] as const) {
      for (const expected of kept) assert.equal(await isKept(listener.port), expected)
    }
  } finally {
    await strangers.close()
    await proxied.close()
  }
})

test('[NET-07] a connection that was closed makes room for another of its network', async () => {
  const options = { host: '127.0.0.1', port: 0, drainMs: 200, connectionsPerNetwork: 1, trustedPeers: ['192.0.2.1'] }
  const listener = await listen(hello, options)
  try {
    for (let time = 0; time < 5; time += 1) {
      assert.equal(statusOf(await raw(listener.port, get('/'))), 200)
      await new Promise((done) => setImmediate(done))
    }
  } finally {
    await listener.close()
  }
})
