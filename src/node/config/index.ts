export { checkClientMetadata, type CheckedClient, type ClientContext } from './client-metadata.ts'
export { type Config, type ConfigSources, loadConfig, type StoreConfig } from './load.ts'
export { ConfigError } from './problems.ts'
export { configJsonSchema } from './schema.ts'
