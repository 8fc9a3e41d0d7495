import { existsSync, readFileSync } from 'node:fs'

/** A file by its path below the root, with the text it should have. */
export type GeneratedFile = readonly [file: string, text: string]

/** Those files below `root` that are missing or hold another text. */
export function staleFiles(root: URL, files: readonly GeneratedFile[]): readonly GeneratedFile[] {
  return files.filter(([file, text]) => {
    const url = new URL(file, root)
    return !existsSync(url) || readFileSync(url, 'utf8') !== text
  })
}
