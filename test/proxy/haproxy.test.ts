import { prove } from './behaviour.ts'
import { blockOf, fitted } from './page.ts'

prove({
  title: 'HAProxy',
  program: 'haproxy',
  adapter: 'haproxy',
  heading: 'HAProxy',
  entrances: 'by port',
  chain: 'left out',
  sessions: 'never resumed',
  configuration: ({ directory, main, mtls, behindMain, behindMtls }) =>
    fitted(blockOf('HAProxy', 'haproxy'), {
      'bind :443 ': `bind 127.0.0.1:${main} `,
      'bind :8443 ': `bind 127.0.0.1:${mtls} `,
      '127.0.0.1:4400': behindMain,
      '127.0.0.1:4443': behindMtls,
      '/etc/strongroom/': `${directory}/`,
    }),
})
