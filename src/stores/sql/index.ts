export { openSqliteStore, type SqliteStore } from './sqlite.ts'
