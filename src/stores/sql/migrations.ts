/**
 * The migrations, in order. Each is recorded with the digest of its statements: a database written by a newer program,
 * or by one whose history differs, is refused and not touched.
 */

import type { NumericDate } from '../../core/names.ts'
import type { Hash } from '../../core/ports.ts'
import { StoreUnavailable } from '../errors.ts'
import { numberAt, readRecord, textAt } from '../json.ts'
import type { CompiledSql } from './compiled.ts'
import type { Transition } from './plan.ts'

/**
 * Brings the database to the schema of this program. Runs inside one transaction.
 * @throws StoreUnavailable when the database knows migrations this program does not, or others under the same numbers
 */
export function* migrate({ history, migrations }: CompiledSql, hash: Hash, now: NumericDate): Transition<void> {
  yield history.create
  const applied = yield history.applied
  const newest = Math.max(0, ...migrations.map(({ version }) => version))
  expectKnown(
    newest,
    applied.map((row) => readRecord('migration', () => numberAt(row, 'version'))),
  )
  for (const { version, name, statements } of migrations) {
    const checksum = hash(statements.map(({ plan }) => plan.sql).join(';\n'))
    const known = applied.find((row) => row['version'] === version)
    if (known === undefined) {
      for (const statement of statements) yield statement
      yield history.record({ version, name, checksum, applied_at: now })
    } else if (readRecord('migration', () => textAt(known, 'checksum')) !== checksum) {
      throw new StoreUnavailable(
        'altered_schema',
        `migration ${version} ("${name}") of the database is not the one of this program`,
      )
    }
  }
}

function expectKnown(newest: number, applied: readonly number[]): void {
  const found = Math.max(0, ...applied)
  if (found > newest) {
    throw new StoreUnavailable(
      'newer_schema',
      `the database was written by a newer Strongroom: its schema is ${found}, this program knows ${newest}`,
    )
  }
}
