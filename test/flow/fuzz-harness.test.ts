import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { drawFor } from '../fuzz/draw.ts'
import { Finding, fuzz, type Run } from '../fuzz/harness.ts'
import { mutatedText } from '../fuzz/mutate.ts'
import { target, type Target, unless } from '../fuzz/target.ts'

const root = new URL('../../', import.meta.url)
const run: Run = { seed: 7, count: 2000 }

/** A parser of numbers that forgets what comes of an empty text. */
function careless(text: string): number {
  if (!/^\d*$/.test(text)) throw new SyntaxError('not a number')
  const [first] = text
  // A bug: nothing says that there is a first character.
  return Number((first as string).padStart(2)) + text.length
}

const crashing = target(
  'a careless parser',
  1,
  (draw) => mutatedText(draw, ['1', '22', '333']),
  (text) => unless([SyntaxError], () => careless(text)),
)

async function findingOf(targets: readonly Target[], given: Run = run): Promise<Finding> {
  try {
    await fuzz(targets, given)
  } catch (error) {
    assert.ok(error instanceof Finding, String(error))
    return error
  }
  return assert.fail('nothing was found')
}

test('a parser that throws something else than its own error is found, and shown again by seed and number', async () => {
  const finding = await findingOf([crashing])
  assert.equal(finding.input, '')
  assert.ok(finding.cause instanceof TypeError)
  assert.match(finding.message, /again: npm run fuzz -- --seed 7 --only "a careless parser" --index \d+/)
  const again = await findingOf([crashing], { ...run, index: finding.index })
  assert.deepEqual([again.index, again.input], [finding.index, finding.input])
  const [tally] = await fuzz([crashing], { ...run, index: finding.index + 1_000_000 })
  assert.equal(tally?.inputs, 1)
})

test('an answer that an assertion of the target does not hold is found', async () => {
  const wrong = target(
    'a wrong parser',
    1,
    (draw) => draw.below(50),
    (input) => unless([SyntaxError], () => assert.notEqual(input, 42)),
  )
  assert.equal((await findingOf([wrong])).input, 42)
})

test('something that never forgets is found', async () => {
  const kept: string[] = []
  const hoarding = target(
    'a hoarder',
    1,
    (draw) => draw.below(1_000_000),
    (input) => {
      for (let copy = 0; copy < 400; copy += 1) kept.push(`${input} ${copy} ${kept.length} which nobody asks for again`)
      return 'taken'
    },
  )
  const finding = await findingOf([hoarding])
  assert.match(finding.message, /never forgotten/)
  assert.equal(finding.input, 'all inputs so far')
})

test('the same seed draws the same, and another one something else', () => {
  const drawn = (seed: number, name: string, index: number) => {
    const draw = drawFor(seed, name, index)
    return Array.from({ length: 8 }, () => draw.below(1000)).join(' ')
  }
  assert.equal(drawn(1, 'a', 1), drawn(1, 'a', 1))
  const all = [drawn(1, 'a', 1), drawn(2, 'a', 1), drawn(1, 'b', 1), drawn(1, 'a', 2)]
  assert.equal(new Set(all).size, all.length)
})

/** Runs a program, or the script, to its end. */
function ended(
  args: readonly string[],
): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

test('a parser that hangs ends the process, with the input that made it hang', async () => {
  const program = `
    import { fuzz } from './test/fuzz/harness.ts'
    import { target } from './test/fuzz/target.ts'
    const hanging = target('a parser that hangs', 1, (draw) => 'input ' + draw.below(9), (text) => {
      while (text.endsWith('3')) { if (performance.now() < 0) break }
      return 'taken'
    })
    await fuzz([hanging], { seed: 7, count: 500, patience: 300 })
  `
  const { signal, err } = await ended(['--input-type=module', '--eval', program])
  assert.equal(signal, 'SIGKILL', err)
  assert.match(err, /took longer than 300 ms\. a parser that hangs, seed 7, case \d+\n"input 3"/)
})

test('npm run fuzz: lists, runs, repeats one case, and refuses what it does not understand', async () => {
  const script = 'scripts/fuzz.ts'
  const list = await ended([script, '--list'])
  assert.ok(list.out.includes('compact JWS\n') && list.out.split('\n').length > 30, list.out)
  const json = await ended([script, '--json', '--only', 'HTU', '--count', '300', '--seed', '5'])
  assert.equal(json.code, 0, json.err)
  const { seed, tallies } = JSON.parse(json.out)
  assert.deepEqual([seed, tallies.length, tallies[0].target, tallies[0].inputs], [5, 1, 'htu', 300])
  assert.match(json.err, /^seed 5, 1 targets\nhtu: 300 inputs, \d+ taken\nnothing found in 300 inputs\n$/)
  const one = await ended([script, '--only', 'htu', '--seed', '5', '--index', '12'])
  assert.match(one.err, /htu: 1 inputs/)
  for (const wrong of [['--count', 'x'], ['--only', 'nothing of the kind'], ['--unknown']]) {
    assert.equal((await ended([script, ...wrong])).code, 2, wrong.join(' '))
  }
})
