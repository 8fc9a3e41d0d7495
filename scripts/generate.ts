/**
 * Writes every file of this repository that follows from another one: the vectors, STEPS.md, THREATS.md and the refusal
 * index. `npm run generate`; with `--check` writes nothing and fails when a file is not what it should be.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { generatedFiles } from './generate/files.ts'
import { staleFiles } from './generate/stale.ts'

const root = new URL('..', import.meta.url)
const isCheck = process.argv.slice(2).includes('--check')

for (const [file, text] of staleFiles(root, generatedFiles(root))) {
  if (isCheck) {
    console.log(`✖ ${file} is not what it is generated from: npm run generate`)
    process.exitCode = 1
    continue
  }
  const url = new URL(file, root)
  mkdirSync(new URL('.', url), { recursive: true })
  writeFileSync(url, text)
  console.log(`✔ ${file}`)
}
