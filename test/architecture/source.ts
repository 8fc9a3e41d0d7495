/** Rules on the source text that no tool of ours knows, as functions from a file to what is wrong in it. */
import { parseSync } from '@swc/core'

type SyntaxNode = Record<string, unknown> & { type: string }

const isSyntaxNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Every node of the syntax tree of a TypeScript file. */
function* syntaxOf(text: string): Generator<SyntaxNode> {
  const open: unknown[] = [parseSync(text, { syntax: 'typescript', target: 'es2024' })]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    if (isSyntaxNode(value)) yield value
    open.push(...Object.values(value))
  }
}

const nameOf = (value: unknown): string =>
  isSyntaxNode(value) && value.type === 'Identifier' && typeof value['value'] === 'string' ? value['value'] : ''

const isSnakeCase = (name: string) => /^[a-z0-9]+(_[a-z0-9]+)+$/.test(name)

/** Wire names are read and bound in core/wire only; elsewhere they may be written as the keys of an answer. */
function snakeCase(text: string): string[] {
  const found: string[] = []
  for (const node of syntaxOf(text)) {
    const bound =
      node.type === 'MemberExpression'
        ? nameOf(node['property'])
        : node.type === 'VariableDeclarator'
          ? nameOf(node['id'])
          : node.type === 'Parameter'
            ? nameOf(node['pat'])
            : node.type === 'AssignmentPatternProperty' || node.type === 'KeyValuePatternProperty'
              ? nameOf(node['key'])
              : node.type === 'FunctionDeclaration'
                ? nameOf(node['identifier'])
                : ''
    if (isSnakeCase(bound)) found.push(bound)
  }
  return found
}

/** The parameters of a function, method, constructor or arrow function; those of function types are not nodes of these kinds. */
function parametersOf(node: SyntaxNode): unknown[] {
  if (node.type === 'Parameter') return [node['pat']]
  if (node.type === 'TsParameterProperty') return [node['param']]
  return node.type === 'ArrowFunctionExpression' && Array.isArray(node['params']) ? node['params'] : []
}

/** A boolean parameter says nothing where it is called. */
function booleanParameters(text: string): string[] {
  const found: string[] = []
  for (const node of syntaxOf(text)) {
    for (const parameter of parametersOf(node)) {
      const hasDefault = isSyntaxNode(parameter) && parameter.type === 'AssignmentPattern'
      const pattern = hasDefault ? parameter['left'] : parameter
      const annotation = isSyntaxNode(pattern) ? pattern['typeAnnotation'] : null
      const type = isSyntaxNode(annotation) ? annotation['typeAnnotation'] : null
      const byType = isSyntaxNode(type) && type.type === 'TsKeywordType' && type['kind'] === 'boolean'
      const byDefault = hasDefault && isSyntaxNode(parameter['right']) && parameter['right'].type === 'BooleanLiteral'
      if (byType || byDefault) found.push(nameOf(pattern))
    }
  }
  return found
}

/** Comments that switch a check off. */
const switchedOff = (text: string): string[] =>
  [...text.matchAll(/(ox|es)lint-disable|biome-ignore|@ts-\w+/g)].map(([it]) => it)

/** name → which files it applies to, and what it finds in one */
export const sourceRules: Record<string, { files: RegExp; not?: RegExp; find: (text: string) => string[] }> = {
  'snake_case only in core/wire': {
    files: /^src\/(core|server|guard|console)\//,
    not: /^src\/core\/wire\//,
    find: snakeCase,
  },
  'no boolean parameters': { files: /^src\//, find: booleanParameters },
  'no check is switched off': { files: /^(src|scripts)\//, find: switchedOff },
}
