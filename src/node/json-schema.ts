/** JSON Schema 2020-12 as far as authorization details need it: nothing is fetched, nothing is guessed. */

import type { Ajv2020, ErrorObject } from 'ajv/dist/2020.js'
import { createRequire } from 'node:module'
import { parseInstant } from '../core/consent-text.ts'
import type { JsonObject } from '../core/names.ts'

/** The path of the first thing in a value that does not fit, as a JSON pointer; undefined when everything does. */
export type Misfit = (value: JsonObject) => string | undefined

/**
 * Compiles a schema, strictly: a keyword or format that is unknown is a mistake, and a `$ref` stays inside the schema.
 * @throws Error saying what is wrong with the schema
 */
export function compileJsonSchema(schema: JsonObject): Misfit {
  // Ajv would judge it by a promise, and every promise is as good as a yes.
  if (schema['$async'] !== undefined) throw new Error('$async is not a keyword of JSON Schema')
  const validate = engine().compile(schema)
  return (value) => {
    if (validate(value)) return undefined
    const [error] = validate.errors ?? []
    return error === undefined ? '' : pointerOf(error)
  }
}

/** What is loaded only where somebody declares a type: it takes more memory than many a server. */
function engine(): Ajv2020 {
  const loaded: unknown = createRequire(import.meta.url)('ajv/dist/2020.js')
  if (!isEngine(loaded)) throw new Error('the JSON Schema package is not the one that was tested')
  const ajv = new loaded.Ajv2020({ strict: true, logger: false })
  ajv.addFormat('date', (text) => parseInstant(text)?.is === 'date')
  ajv.addFormat('date-time', (text) => parseInstant(text)?.is === 'date-time')
  return ajv
}

function isEngine(loaded: unknown): loaded is { readonly Ajv2020: typeof Ajv2020 } {
  return typeof loaded === 'function' && 'Ajv2020' in loaded && typeof loaded.Ajv2020 === 'function'
}

/** Names of members are said only where they are plain: anybody may have written them. */
function pointerOf({ instancePath, params }: ErrorObject): string {
  const { missingProperty, additionalProperty, unevaluatedProperty } = params
  const names: readonly unknown[] = [missingProperty, additionalProperty, unevaluatedProperty]
  const name = names.find((each) => typeof each === 'string' && /^[\w$@-]{1,64}$/.test(each))
  return typeof name === 'string' ? `${instancePath}/${name}` : instancePath
}
