/** Files that commands read and write, with failures in words. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { CommandFailure, exitCodes, misuse } from './failures.ts'

/** Reads a text file. @throws CommandFailure with exit code 2 */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return misuse(`${path} cannot be read${codeOf(error)}`)
  }
}

/** Reads a JSON file. What the parser says would repeat the text, so it is not told. @throws CommandFailure */
export function readJson(path: string): unknown {
  const text = readText(path)
  try {
    return JSON.parse(text)
  } catch {
    return misuse(`${path} is not JSON`)
  }
}

/** Writes a file that must not exist yet, readable to its owner only when it is `private`. @throws CommandFailure */
export function writeNew(path: string, text: string, kind: 'private' | 'public'): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: kind === 'private' ? 0o600 : 0o644 })
  } catch (error) {
    if (isCode(error, 'EEXIST')) misuse(`${path} exists already, and is not overwritten`)
    throw new CommandFailure(exitCodes.unreachable, `${path} cannot be written${codeOf(error)}`)
  }
}

/** Removes a file this command made, when what it was made for failed. */
export function removeAgain(path: string): void {
  rmSync(path, { force: true })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
}
