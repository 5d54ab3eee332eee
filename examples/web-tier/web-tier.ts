import { change, fail, file, http, observe, play, playbook, sh, z } from 'upgrade-fleet'
import { fleet, type WebServer } from './fleet.ts'

/** `-e release=2026.11`: what the site is to serve. */
const params = z.object({ release: z.string().regex(/^[\w.-]+$/) })

/** Has the server check its configuration and read it. Undone, after the files were brought back, it reads those. */
const reload = change('web.reload', {
  async apply(on, { nginx }: { nginx: string }) {
    await on.must(sh`${nginx} -t && ${nginx} -s reload`)
  },
  async undo(on, { nginx }) {
    await on.must(sh`${nginx} -s reload`)
  },
})

/** What stands in a file now. */
const read = observe('web.read', async (on, { path }: { path: string }) => ({
  text: await on.must(sh.read`cat -- ${path}`),
}))

const siteConf = (server: WebServer, release: string): string => `server {
  listen ${server.web_address}:${server.web_port};
  location = /up { if (-f ${server.maintenance}) { return 503; } return 200 "up"; }
  location / { limit_req zone=clients burst=20; return 200 "release ${release}"; }
}
`

/** A new release of a site, a quarter of the web tier at a time: a server that does not serve it goes back by itself. `-t limits` changes the limits alone. */
export default playbook('web-tier', { fleet, params, tags: ['limits', 'site'] }, (site, { release }) => {
  const limits = `limit_req_zone $binary_remote_addr zone=clients:10m rate=${site.vars.rate_limit}r/s;\n`

  const rollout = play('roll out', site.web, { serial: '25%' })
    .handler('reload', ({ host: { vars } }) => reload({ nginx: vars.nginx }))
    .task('old limits', ({ host: { vars } }) => read({ path: vars.limits_conf }), { tags: 'limits' })
    .task('old site', ({ host: { vars } }) => read({ path: vars.site_conf }), { tags: 'site' })
    .block(
      'new release',
      (tasks) =>
        tasks
          .task(
            'out of service',
            ({ host: { vars } }) => file.render({ path: vars.maintenance, text: release }),
            { tags: 'always' },
          )
          .task('limits', ({ host: { vars } }) => file.render({ path: vars.limits_conf, text: limits }), {
            notify: 'reload',
            tags: 'limits',
          })
          .task(
            'site',
            ({ host: { vars } }) => file.render({ path: vars.site_conf, text: siteConf(vars, release) }),
            { notify: 'reload', tags: 'site' },
          )
          // Here, and not at the end: what is asked next must be the new release.
          .flush()
          .task(
            'serves',
            ({ host: { vars } }) => http.get({ address: vars.web_address, port: vars.web_port, path: '/' }),
            {
              until: ({ status, body }) => status === 200 && body.includes(release),
              retries: 5,
              delay: '1s',
              tags: 'site',
            },
          ),
      {
        rescue: (tasks) =>
          tasks
            .task(
              'limits again',
              ({ host: { vars }, 'old limits': old }) =>
                file.render({ path: vars.limits_conf, text: old.text }),
              { notify: 'reload', tags: 'limits' },
            )
            .task(
              'site again',
              ({ host: { vars }, 'old site': old }) => file.render({ path: vars.site_conf, text: old.text }),
              { notify: 'reload', tags: 'site' },
            )
            .flush()
            // It serves as before, and the rollout is to stop all the same.
            .task('give up', ({ failure }) => fail(`${release} is not served: ${failure.message}`), {
              tags: 'always',
            }),
        always: (tasks) =>
          tasks.task('in service', ({ host: { vars } }) => file.absent({ path: vars.maintenance }), {
            tags: 'always',
          }),
      },
    )

  return [rollout]
})
