/** The core against the vectors, with the portable verifier: nothing of `node/` or `stores/` is needed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { families, outcomeOf } from '../../test/vectors/artefacts.ts'
import { readVectors } from '../../test/vectors/load.ts'
import { joseVerifier } from './jose.ts'

for (const [name, family] of Object.entries(families)) {
  test(`the core holds vectors/${name}`, async () => {
    const file = readVectors(name, family)
    assert.ok(file.vectors.length > 10)
    for (const vector of file.vectors) {
      assert.deepEqual(await outcomeOf(vector, file, family, joseVerifier), vector.expect, vector.name)
    }
  })
}
