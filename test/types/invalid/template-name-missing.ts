// error: Property 'port' is missing in type '{ host: string; }'
import { file } from 'upgrade-fleet'

export const text = file.fill('listen {{ host }}:{{port}};', { host: 'a' })
