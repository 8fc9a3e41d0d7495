import { prove } from './behaviour.ts'
import { blockOf, fitted } from './page.ts'

prove({
  title: 'nginx',
  program: 'nginx',
  adapter: 'nginx',
  heading: 'nginx',
  entrances: 'by name',
  chain: 'left out',
  sessions: 'never resumed',
  configuration: ({ directory, main, behindMain, behindMtls }) =>
    fitted(blockOf('nginx', 'nginx'), {
      '443 ssl': `127.0.0.1:${main} ssl`,
      '127.0.0.1:4400': behindMain,
      '127.0.0.1:4443': behindMtls,
      '/etc/strongroom/': `${directory}/`,
    }),
})
