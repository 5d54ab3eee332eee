import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { ask, linesOf } from '../../modules/target.ts'
import { type Place, portAt } from '../ports.ts'
import { releaseOf, type Version, versions } from '../releases.ts'
import { type Finding, finding, tell } from './finding.ts'

/** What a home says of its version. Only the first two are signs that no operator edits. */
export type Signs = {
  /** Of `bin/version.txt`; undefined where it names none. */
  readonly text: string | undefined
  /** Plugin jars of the kernel and of carbon-apimgt, by name. */
  readonly jars: readonly string[]
  /** Of `updates/product.txt`, from 2.6.0 on. */
  readonly product?: string | undefined
  /** Of `carbon.xml`, which may lie. */
  readonly configured?: string | undefined
}

/** Reads the signs of a home. */
export async function signsOf(on: On, home: string): Promise<Signs> {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${home} 2>/dev/null || exit 0
head -n 1 bin/version.txt 2>/dev/null | sed 's/^/text /'
head -n 1 updates/product.txt 2>/dev/null | sed 's/^/product /'
for f in repository/components/plugins/org.wso2.carbon.core_*.jar repository/components/plugins/org.wso2.carbon.apimgt.impl_*.jar; do [ ! -f "$f" ] || printf 'jar %s\n' "$(basename -- "$f")"; done
sed -n 's|^ *<Version>\(.*\)</Version>.*|configured \1|p' repository/conf/carbon.xml 2>/dev/null | head -n 1; :`,
  )
  const all = (kind: string) =>
    linesOf(stdout).flatMap((line) =>
      line.startsWith(`${kind} `) ? [line.slice(kind.length + 1).trim()] : [],
    )
  return {
    text: all('text')[0]?.match(/^WSO2 API Manager v(\d+\.\d+\.\d+)$/)?.[1],
    jars: all('jar'),
    product: all('product')[0]?.match(/^wso2am-(\d+\.\d+\.\d+)/)?.[1],
    configured: all('configured')[0],
  }
}

/** Releases whose plugins these jars can be. 1.8.0 and 1.9.x have the same. */
export function releasesOf(jars: readonly string[]): readonly Version[] {
  const has = (prefix: string, version: string) =>
    jars.some(
      (jar) =>
        jar.startsWith(`${prefix}_${version}.`) &&
        /^(\d|v|jar)/.test(jar.slice(`${prefix}_${version}.`.length)),
    )
  return versions.filter((version) => {
    const release = releaseOf(version)
    return (
      release !== undefined &&
      has('org.wso2.carbon.core', release.kernel) &&
      has('org.wso2.carbon.apimgt.impl', release.apimgt)
    )
  })
}

/** What the signs on disk have against one another. Empty when all name one release. */
export function disagree(home: string, { text, jars, product }: Signs): readonly Finding[] {
  const todo = 'find out which pack this is, and unpack that one whole'
  const possible = releasesOf(jars)
  if (text === undefined)
    return [
      finding(
        'version-signs',
        `${home}/bin/version.txt names no version, and its plugins are of ${listed(possible)}`,
        todo,
      ),
    ]
  return [
    ...(possible.some((each) => each === text)
      ? []
      : [
          finding(
            'version-signs',
            `${home}/bin/version.txt says ${text}, but its plugins are of ${listed(possible)} (${jars.join(', ') || 'there are none'})`,
            todo,
          ),
        ]),
    ...(product === undefined || product === text
      ? []
      : [
          finding(
            'version-signs',
            `${home}/bin/version.txt says ${text}, but updates/product.txt ${product}`,
            todo,
          ),
        ]),
  ]
}

const listed = (found: readonly Version[]): string => found.join(' or ') || 'no release that is known'

/** All signs of a home's version: on disk, what the inventory says of it, and what the server answers over HTTPS if it runs. */
export const signs = observe(
  'apim.signs',
  async (on, { home, expect, ...place }: { home: string; expect: string } & Place) => {
    const found = await signsOf(on, home)
    const answered = await answeredVersion(on, place)
    const claims = [
      ['carbon.xml says', found.configured],
      ['https /services/Version answers', answered],
    ] as const
    const { text } = found
    return {
      ...tell(on, `the version of ${home}`, [
        ...disagree(home, found),
        ...(text === undefined || text === expect
          ? []
          : [
              finding(
                'version-claim',
                `${home} is ${text}, but the inventory says apim_version ${expect}`,
                'correct the inventory, or bring this host to the version of the others',
              ),
            ]),
        ...claims.flatMap(([what, claimed]) =>
          claimed === undefined || text === undefined || claimed === text
            ? []
            : [
                finding(
                  'version-answer',
                  `${home} is ${text}, but ${what} ${claimed}`,
                  'a carbon.xml of another version was copied into it: look what else was',
                ),
              ],
        ),
      ]),
      version: text ?? '',
      answered: answered ?? '',
    }
  },
  { steady: ({ version }) => version },
)

// The certificate is the packs' own, for localhost: what is asked for is public, no secret is sent, and the answer is a claim.
async function answeredVersion(on: On, place: Place): Promise<string | undefined> {
  const { address } = place
  const host = address.includes(':') ? `[${address}]` : address
  const { stdout } = await ask(
    on,
    sh.read`curl -ks --max-time 10 ${`https://${host}:${portAt(place, 'https')}/services/Version`} 2>/dev/null; :`,
    { timeout: 30 },
  )
  return stdout.match(/WSO2 API Manager-(\d+\.\d+\.\d+)/)?.[1]
}
