export { checkClientMetadata } from './client-metadata.ts'
export { type Config, loadConfig, type StoreConfig } from './load.ts'
export { ConfigError } from './problems.ts'
export { configJsonSchema } from './schema.ts'
