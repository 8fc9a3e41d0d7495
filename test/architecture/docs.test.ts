import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The TypeScript of a Markdown page, block by block. */
function codeOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
}

/** Compiles each block as a file of its own against the sources; what the compiler said. */
function compile(blocks: readonly string[]): string {
  // Inside the repository, so that packages are found.
  const folder = mkdtempSync(join(root, 'node_modules', '.docs-'))
  try {
    blocks.forEach((code, index) => writeFileSync(join(folder, `block-${index}.ts`), code))
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        paths: {
          strongroom: [join(root, 'src/index.ts')],
          'strongroom/guard': [join(root, 'src/guard/index.ts')],
          'strongroom/client': [join(root, 'src/client/index.ts')],
        },
        typeRoots: [join(root, 'node_modules/@types')],
      },
      include: [join(folder, '*.ts')],
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const run = spawnSync('npx', ['tsc', '-p', join(folder, 'tsconfig.json')], { cwd: root, encoding: 'utf8' })
    return run.stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the code in README.md and docs/ compiles against the sources', () => {
  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ]
  const blocks = pages.flatMap((page) => codeOf(readFileSync(join(root, page), 'utf8')))
  assert.ok(blocks.length >= 3, `only ${blocks.length} blocks were found`)
  assert.equal(compile(blocks), '')
})

test('canary: a block that does not compile is seen', () => {
  assert.match(compile(["import { createGuard } from 'strongroom/guard'\ncreateGuard('nothing')\n"]), /TS2345|TS2554/)
})

/** Relative links of the pages that lead nowhere. */
function deadLinks(pages: readonly { readonly name: string; readonly text: string }[]): readonly string[] {
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !existsSync(join(root, dirname(name), link)))
      .map((link) => `${name}: ${link}`),
  )
}

const markdown = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.md') && !/node_modules|dist|^\.git/.test(name),
)

test('every relative link of every page leads somewhere', () => {
  assert.ok(markdown.length > 15)
  assert.deepEqual(deadLinks(markdown.map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))), [])
})

test('canary: a dead link is seen', () => {
  assert.deepEqual(deadLinks([{ name: 'docs/x.md', text: '[a](nowhere.md) [b](guard.md) [c](https://a.example)' }]), [
    'docs/x.md: nowhere.md',
  ])
})
