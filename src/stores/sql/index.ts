export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite.ts'
export type { SqlStore } from './store.ts'
