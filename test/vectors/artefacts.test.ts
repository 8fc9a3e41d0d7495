import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { Verifier } from '../../src/core/ports.ts'
import { createVerifier } from '../../src/node/runtime.ts'
import { observeVector } from '../observations.ts'
import { families, type Family, outcomeOf } from './artefacts.ts'
import { parseVectors, readDocument, readVectors, type VectorFile } from './load.ts'

/** The portable one is held to the same vectors in `src/core/vectors.test.ts`. */
const fastVerifier = createVerifier({ cacheSize: 100 })

/** Runs every vector and returns how many held. @throws AssertionError at the first that does not */
async function runAll(file: VectorFile, family: Family, verify: Verifier): Promise<number> {
  for (const vector of file.vectors) {
    assert.deepEqual(await outcomeOf(vector, file, family, verify), vector.expect, vector.name)
    observeVector(vector.expect['rule'])
  }
  return file.vectors.length
}

for (const [name, family] of Object.entries(families)) {
  test(`vectors/${name}`, async () => {
    assert.ok((await runAll(readVectors(name, family), family, fastVerifier)) > 0)
  })

  test(`canary: vectors/${name} with one wrong expectation`, async () => {
    const file = readVectors(name, family)
    const [first, ...others] = file.vectors
    assert.ok(first !== undefined)
    const turned = { ...first, expect: first.expect['rule'] === undefined ? { rule: 'not_found' } : { accepted: true } }
    await assert.rejects(runAll({ ...file, vectors: [...others, turned] }, family, fastVerifier), assert.AssertionError)
  })
}

test('every file of vectors is run', () => {
  const known = [...Object.keys(families), 'keys.json', 'README.md', 'exchanges']
  assert.deepEqual(readdirSync(new URL('../../vectors', import.meta.url)).toSorted(), known.toSorted())
})

test('canary: the loader refuses what it does not know', () => {
  const shape = { settings: [], members: ['text'], expect: ['pairs'] }
  const vector = { name: 'one', text: 'a', expect: { pairs: [] } }
  const refused = {
    'no vectors': { vectors: [] },
    'no list': { vectors: {} },
    'a member of the file': { vectors: [vector], more: 1 },
    'a member of a vector': { vectors: [{ ...vector, more: 1 }] },
    'a member of an expectation': { vectors: [{ ...vector, expect: { pairs: [], more: 1 } }] },
    'no expectation': { vectors: [{ ...vector, expect: {} }] },
    'a rule nobody knows': { vectors: [{ ...vector, expect: { rule: 'nonsense' } }] },
    'a name twice': { vectors: [vector, vector] },
    'no name': { vectors: [{ ...vector, name: '' }] },
  }
  for (const [about, document] of Object.entries(refused)) {
    assert.throws(() => parseVectors(document, shape, 'a file'), assert.AssertionError, about)
  }
  assert.equal(parseVectors({ vectors: [vector] }, shape, 'a file').vectors.length, 1)
})

test('the published keys are labelled as what they are', () => {
  assert.match(String(readDocument('keys.json')['about']), /^TEST KEYS\./)
})
