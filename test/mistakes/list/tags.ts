import { mistakes } from '../mistake.ts'

const reads = (what: string, tag: string): string => `read({ path: vars.${what}_conf }), { tags: '${tag}' }`
const again = (what: string, tag: string): string =>
  `vars.${what}_conf, text: old.text }),\n              { notify: 'reload', tags: '${tag}' }`

export const misspeltTags = mistakes('misspelt tag', {
  'examples/web-tier/web-tier.ts': [
    ["tags: ['limits', 'site']", "tags: ['limit', 'site']"],
    ["tags: ['limits', 'site']", "tags: ['limits', 'sites']"],
    [reads('limits', 'limits'), reads('limits', 'limts')],
    [reads('site', 'site'), reads('site', 'Site')],
    [
      "{ path: vars.maintenance, text: release }),\n            { tags: 'always' }",
      "{ path: vars.maintenance, text: release }),\n            { tags: 'allways' }",
    ],
    ["delay: '1s',\n              tags: 'site'", "delay: '1s',\n              tags: ['site', 'serve']"],
    [again('limits', 'limits'), again('limits', 'limits ')],
    [again('site', 'site'), again('site', 'stie')],
  ],
  'playbooks/verify.ts': [
    ["tags: ['schema']", "tags: ['shema']"],
    ["collect: true, tags: 'schema'", "collect: true, tags: 'schemas'"],
  ],
})
