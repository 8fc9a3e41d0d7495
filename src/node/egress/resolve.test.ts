import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { createResolve } from './resolve.ts'

const kinds = { 1: 'A', 28: 'AAAA' } as const
type Answers = Readonly<Record<(typeof kinds)[keyof typeof kinds], readonly (readonly number[])[] | 'silence'>>

/** A server of names on this machine that has these addresses for every name; `asked` are the questions. */
async function aNameServer(answers: Answers) {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, { address, port }) => {
    const end = query.indexOf(0, 12) + 5
    const type = query.readUInt16BE(end - 4)
    const kind = type === 1 || type === 28 ? kinds[type] : undefined
    if (kind === undefined) return
    asked.push(`${kind} ${query.toString('latin1', 12, end - 5).replaceAll(/\p{Cc}/gu, '.')}`)
    const found = answers[kind]
    if (found === 'silence') return
    const header = Buffer.from(query.subarray(0, 12))
    header.writeUInt16BE(0x81_80, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(found.length, 6)
    header.writeUInt32BE(0, 8)
    const records = found.map((octets) =>
      Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, octets.length, ...octets]),
    )
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return { asked, servers: [`127.0.0.1:${socket.address().port}`], close: () => socket.close() }
}

const four = [[93, 184, 216, 34]]
const six = [[0x2a, 0, ...Array<number>(13).fill(0), 7]]
const patient = AbortSignal.timeout(60_000)

test('[AS-REG-07] a name has the addresses of both families, each asked for once and as it was written', async () => {
  const names = await aNameServer({ A: four, AAAA: six })
  try {
    const resolve = createResolve({ servers: names.servers })
    assert.deepEqual([...(await resolve('keys.example.com', patient))].sort(), ['2a00::7', '93.184.216.34'])
    assert.deepEqual(names.asked.toSorted(), ['A .keys.example.com', 'AAAA .keys.example.com'])
  } finally {
    names.close()
  }
})

test('a name that has addresses of one family only has those; one that has none rejects', async () => {
  for (const [answers, addresses] of [
    [{ A: four, AAAA: [] }, ['93.184.216.34']],
    [{ A: [], AAAA: six }, ['2a00::7']],
    [{ A: [], AAAA: [] }, undefined],
  ] as const) {
    const names = await aNameServer(answers)
    try {
      const resolve = createResolve({ servers: names.servers })
      if (addresses === undefined) await assert.rejects(resolve('keys.example.com', patient))
      else assert.deepEqual(await resolve('keys.example.com', patient), addresses)
    } finally {
      names.close()
    }
  }
})

test('[LV-14] a server of names that is silent is given up with the request, however many wait for it', async () => {
  const silent = await aNameServer({ A: 'silence', AAAA: 'silence' })
  const names = await aNameServer({ A: four, AAAA: [] })
  try {
    const giveUp = new AbortController()
    const resolve = createResolve({ servers: silent.servers })
    const waiting = Array.from({ length: 32 }, () => assert.rejects(resolve('slow.example.com', giveUp.signal)))
    assert.deepEqual(await createResolve({ servers: names.servers })('keys.example.com', patient), ['93.184.216.34'])
    giveUp.abort()
    await Promise.all(waiting)
    await assert.rejects(resolve('slow.example.com', giveUp.signal))
  } finally {
    silent.close()
    names.close()
  }
})
