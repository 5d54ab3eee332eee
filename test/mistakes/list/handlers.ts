import { mistakes } from '../mistake.ts'

const limits = "text: limits }), {\n            notify: 'reload'"
const site = "siteConf(vars, release) }),\n            { notify: 'reload',"
const limitsAgain = "vars.limits_conf, text: old.text }),\n              { notify: 'reload',"
const siteAgain = "vars.site_conf, text: old.text }),\n              { notify: 'reload',"

export const misspeltHandlers = mistakes('misspelt handler', {
  'examples/web-tier/web-tier.ts': [
    [".handler('reload',", ".handler('relaod',"],
    [".handler('reload',", ".handler('reload nginx',"],
    [limits, limits.replace("'reload'", "'relod'")],
    [limits, limits.replace("'reload'", "'site'")],
    [site, site.replace("'reload'", "'Reload'")],
    [site, site.replace("'reload'", "['reload', 'reloads']")],
    [limitsAgain, limitsAgain.replace("'reload'", "'restart'")],
    [limitsAgain, limitsAgain.replace("'reload'", "'realod'")],
    [siteAgain, siteAgain.replace("'reload'", "['rload']")],
    [siteAgain, siteAgain.replace("'reload'", "'reload '")],
  ],
})
