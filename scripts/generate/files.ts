import type { JsonObject } from '../../src/core/names.ts'
import { findProofs } from './proofs.ts'
import { refusalsPage } from './refusals.ts'
import { compiledSqlite } from './sql.ts'
import type { GeneratedFile } from './stale.ts'
import { stepsPage } from './steps.ts'
import { threatsPage } from './threats.ts'
import { artefactFiles } from './vectors/artefacts.ts'
import { exchangeFiles } from './vectors/exchanges/files.ts'
import { readVectorKeys } from './vectors/keys.ts'

/** Every generated file with its text, by its path below `root`. */
export function generatedFiles(root: URL): readonly GeneratedFile[] {
  const keys = readVectorKeys()
  const vectors = [...artefactFiles(root, keys), ...exchangeFiles(keys)]
  const proofs = findProofs(vectors, root)
  return [
    ...vectors.map(([file, document]) => [file, jsonText(document)] as const),
    ['src/stores/sql/compiled-sqlite.ts', compiledSqlite()],
    ['STEPS.md', stepsPage(proofs)],
    ['THREATS.md', threatsPage(proofs)],
    ['docs/refusals.md', refusalsPage(proofs)],
  ]
}

function jsonText(document: JsonObject): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
