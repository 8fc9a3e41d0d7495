#!/usr/bin/env node
// Plain old JavaScript, so that a Node too old for the rest still reaches the message.
var wanted = [24, 12]
var running = process.versions.node.split('.').map(Number)
var tooOld = running[0] < wanted[0] || (running[0] === wanted[0] && running[1] < wanted[1])

if (tooOld) {
  console.error(
    'strongroom needs Node.js ' + wanted.join('.') + ' or newer; this is Node.js ' + process.versions.node + '.',
  )
  process.exitCode = 2
} else {
  import('../dist/cli/main.js').catch(function (error) {
    // A checkout has no dist: there Node runs the sources as they are.
    var isCheckout = error.code === 'ERR_MODULE_NOT_FOUND' && /dist.cli.main\.js$/.test(String(error.url))
    if (!isCheckout) throw error
    return import('../src/cli/main.ts')
  })
}
