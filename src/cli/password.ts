/** Where a command gets a password from: a file, standard input, or the keyboard without echo. Never from a flag. */

import { Secret } from '../core/names.ts'
import { profile } from '../core/profile.ts'
import { CommandFailure, exitCodes, misuse } from './failures.ts'
import { readText } from './files.ts'
import { tell } from './output.ts'

/** Short enough to type, long enough to stand alone. NIST SP 800-63B-4 §3.1.1.2. */
export const leastPasswordCharacters = 15

/** Options of every command that takes a password. */
export type PasswordOptions = { readonly passwordFile?: string }

/** @throws CommandFailure when there is none, when the two do not match, or when it is too short or too long. */
export async function newPassword({ passwordFile }: PasswordOptions): Promise<Secret> {
  const password = await read(passwordFile)
  const { length } = [...new Intl.Segmenter().segment(password)]
  if (length < leastPasswordCharacters || password.length > profile.passwordCharacters) {
    misuse(`a password has ${leastPasswordCharacters} to ${profile.passwordCharacters} characters`)
  }
  return new Secret(password)
}

async function read(file: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(file === '-' ? await readStandardInput() : readText(file))
  if (!process.stdin.isTTY) return firstLine(await readStandardInput())
  const one = await ask('Password: ')
  if ((await ask('Again: ')) !== one) misuse('the two passwords are not the same')
  return one
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  const input: AsyncIterable<Buffer> = process.stdin
  for await (const chunk of input) {
    chunks.push(chunk)
    length += chunk.length
    if (length > 65_536) misuse('standard input is too long for a password')
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** One line from the terminal; nothing of it is shown. */
function ask(question: string): Promise<string> {
  const { stdin } = process
  process.stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (finish: () => void) => {
      stdin.off('data', take)
      stdin.setRawMode(false)
      stdin.pause()
      tell('')
      finish()
    }
    const take = (text: string) => {
      for (const character of text) {
        if (character === '\r' || character === '\n') return end(() => resolve(typed))
        // Ctrl-C and Ctrl-D, which a terminal in raw mode does not turn into signals.
        if (character === '\u0003' || character === '\u0004') {
          return end(() => reject(new CommandFailure(exitCodes.usage, 'no password was given')))
        }
        if (character === '\u007f' || character === '\b') typed = Array.from(typed).slice(0, -1).join('')
        else typed += character
      }
    }
    stdin.on('data', take)
  })
}
