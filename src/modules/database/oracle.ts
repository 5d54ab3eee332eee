import { type Command, sh } from '../../model/command.ts'
import type { CommandEngine, Database } from './types.ts'

const address = (db: Database): string => `//${db.host}:${db.port}/${db.schema}`

// Between double quotes a password may hold all but these; it is refused before anything is connected to.
const sound: Command = sh.read`case $password in *'"'*) echo "an Oracle password cannot hold a double quote" >&2; exit 4;; esac`

/** A parameter file in a directory of its own, which is gone when the script ends: Data Pump takes a password from nowhere else. */
function pump(db: Database, program: 'expdp' | 'impdp', parameters: readonly string[]): Command {
  return sh`${sound}
umask 077
own=$(mktemp -d)
trap 'rm -rf -- "$own"' EXIT
trap 'exit 143' HUP INT TERM
{ printf 'USERID=%s/"%s"@%s\n' ${db.user} "$password" ${address(db)}; printf '%s\n' ${parameters}; } >"$own/parameters"
${program} parfile="$own/parameters"`
}

/** The name of a backup in the server's directory, out of its path. */
const named = (stem: string): string =>
  stem
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+/, '')
    .toUpperCase()
    .slice(-100)

const emptied = `BEGIN
  FOR o IN (SELECT object_name, object_type FROM user_objects WHERE object_type IN ('VIEW', 'TABLE', 'SEQUENCE', 'PROCEDURE', 'FUNCTION', 'PACKAGE', 'SYNONYM', 'TYPE', 'MATERIALIZED VIEW') AND object_name NOT LIKE 'SYS\\_%' ESCAPE '\\' ORDER BY DECODE(object_type, 'MATERIALIZED VIEW', 0, 1)) LOOP
    BEGIN
      EXECUTE IMMEDIATE 'DROP ' || o.object_type || ' "' || o.object_name || '"' || CASE o.object_type WHEN 'TABLE' THEN ' CASCADE CONSTRAINTS PURGE' WHEN 'TYPE' THEN ' FORCE' END;
    EXCEPTION WHEN OTHERS THEN IF SQLCODE NOT IN (-4043, -942, -12003) THEN RAISE; END IF;
    END;
  END LOOP;
END;
/
`

/** SQL for sqlplus by standard input, the connection in it; what it says ends with what it exits with. */
const sqlplus = (db: Database, body: Command): Command => sh`${sound}
{ printf '%s\n' 'WHENEVER OSERROR EXIT 9 ROLLBACK' 'WHENEVER SQLERROR EXIT 8 ROLLBACK' 'SET DEFINE OFF ECHO OFF SQLBLANKLINES ON'
printf 'CONNECT %s/"%s"@%s\n' ${db.user} "$password" ${address(db)}
${body}
printf '\nCOMMIT;\nEXIT SUCCESS\n'; } | sqlplus -S -L /nolog`

/**
 * Oracle: sqlplus for scripts, which end with the COMMIT that Oracle wants, and Data Pump for backups. Its dumps lie where the
 * server's directory object UPGRADE_FLEET points; what `verify` reads of one is its definitions, not its rows.
 */
export const oracle: CommandEngine = {
  kind: 'commands',
  name: 'oracle',
  product: 'Oracle',
  port: 1521,
  programs: ['sqlplus', 'expdp', 'impdp'],
  script: (db, file) => sqlplus(db, sh`cat -- ${file}`),
  failed(lines) {
    const text = lines.find((line) => /^(ORA|SP2|PLS)-\d+/.test(line))
    // Of the statement, not of the script: all that sqlplus tells.
    return text === undefined ? undefined : { line: undefined, text }
  },
  backup(db, stem) {
    const file = ['DIRECTORY=UPGRADE_FLEET', `DUMPFILE=${named(stem)}.dmp`]
    const schema = `SCHEMAS=${db.user.toUpperCase()}`
    return {
      command: pump(db, 'expdp', [
        ...file,
        `LOGFILE=${named(stem)}.log`,
        schema,
        'FLASHBACK_TIME=SYSTIMESTAMP',
      ]),
      verify: pump(db, 'impdp', [...file, 'NOLOGFILE=YES', schema, `SQLFILE=${named(stem)}.sql`]),
      restore: sh`${sqlplus(db, sh`printf '%s' ${emptied}`)}
${pump(db, 'impdp', [...file, 'NOLOGFILE=YES', schema])}`,
    }
  },
}
