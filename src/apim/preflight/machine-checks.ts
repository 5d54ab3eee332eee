import { check } from './check.ts'

/** What is looked for on machines and in homes as such. */
export const machineChecks = {
  'version-signs': check(
    'blocks',
    '`bin/version.txt`, names of plugin jars, `updates/product.txt`',
    'two signs that no operator edits must name one release; a mixed home runs neither',
    "the packs' contents",
  ),
  'version-claim': check(
    'blocks',
    'the same, against `apim_version`',
    'the route, the clients and their flags follow from the inventory',
    'our own rule',
  ),
  'version-answer': check(
    'warns',
    '`/services/Version` over HTTPS, `Version` of `carbon.xml`',
    'both print what the configuration says, which may have been copied from another version',
    "the kernel's source",
  ),
  java: check(
    'blocks',
    '`java_home/bin/java -version`',
    'a wrong Java is only warned of by the script, and the virtual machine then fails where nobody sees it',
    "the packs' start scripts, tried",
  ),
  'java-151': check(
    'warns',
    'the same',
    'the vendor says to avoid 1.8.0_151',
    "the vendor's installation page",
  ),
  disk: check(
    'blocks',
    '`df -Pk`',
    'a full disk truncates pid files and logs in silence',
    "the kernel's source",
  ),
  inodes: check('blocks', '`df -Pi`', 'a home has many thousands of files', 'our own rule'),
  unwritable: check('blocks', '`test -w`', 'the new homes and backups are made there', 'our own rule'),
  tools: check(
    'blocks',
    '`command -v`',
    'the scripts of this tool and of the vendor use them',
    'our own scripts',
  ),
  leftovers: check(
    'blocks',
    '`test -e` of the new homes',
    'an upgrade makes them anew, and never over something',
    'our own rule',
  ),
  login: check(
    'blocks',
    '`id -un` and the owner of the home',
    'another user than the owner can neither stop the server nor start it again; root would leave files that the next start fails on',
    "the vendor's installers, operators' reports",
  ),
  owners: check(
    'asks',
    '`find ! -user` in the home',
    'files of another owner (a start as root leaves them) make the next start fail, that of a rollback too',
    "operators' reports",
  ),
  'port-taken': check(
    'blocks',
    '`/proc/net/tcp`, `/proc/PID/fd`',
    'a server whose port is taken prints that it has started, or ends by itself (5672)',
    "the vendor's issues",
  ),
  'port-offset': check(
    'blocks',
    '`carbon.xml` and `-DportOffset`, against `apim_port_offset`',
    'new homes listen where the inventory says: the others, their users and the gates would look at other ports than now',
    "the kernel's source",
  ),
  'carbon-home': check(
    'blocks',
    '`/etc/profile*`, `/etc/environment`, the profiles of the user',
    'a script takes an exported CARBON_HOME for its own place: the new one would operate the old home',
    "the packs' start scripts, tried",
  ),
  'two-homes': check(
    'asks',
    'virtual machines of other homes',
    'the fence wants every server of the machine gone; one of this fleet is a host of the inventory by another name',
    "the vendor's installers",
  ),
  'role-profile': check(
    'asks',
    'the `-Dprofile` of the running server, against the groups of the host',
    'the new server is started with the profile of the groups: the host would serve something else than now',
    "the vendor's pages on profiles",
  ),
  'two-servers': check(
    'blocks',
    'virtual machines of the home',
    '1.x starts a second server in the same home; stop reaches one of them',
    'the start script, tried',
  ),
  'clock-skew': check(
    'warns',
    '`date +%s` of each host',
    'tokens and logs carry the times of their hosts',
    'our own rule',
  ),
  'keystore-closed': check(
    'blocks',
    "`keytool -list` of the keystore and the truststore, with the inventory's passwords",
    'a client that decrypts, and every new server, opens them with these passwords',
    "the vendor's upgrade pages",
  ),
  'keystore-unread': check(
    'warns',
    '`keytool` of `java_home` or of PATH',
    'without it nobody looked',
    'our own rule',
  ),
  'keystore-alias': check(
    'blocks',
    'entries of the keystore',
    'new homes are configured for the key of that name',
    "the packs' configuration",
  ),
  'keystore-short': check(
    'asks',
    'size of the private key',
    'for 3.0.0 a key under 2048 bits has to become the internal one, beside a stronger primary one; this tool configures one',
    "the vendor's page to 3.0.0",
  ),
  'keystore-ended': check(
    'warns',
    'validity of its certificate',
    'it was so before: clients that check it refuse the server',
    'our own rule',
  ),
} as const
