import { appendFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

/** How bad a log line is. */
export type Level = 'INFO' | 'WARN' | 'ERROR' | 'FATAL'

/** A time as log lines show it: `2016-01-19 10:54:12,666`, in UTC. */
export function logTime(date: Date): string {
  return date.toISOString().replace('T', ' ').replace('.', ',').replace('Z', '')
}

/** A line of `wso2carbon.log` as that release writes it. */
export function fileLine(version: string, date: Date, level: Level, name: string, message: string): string {
  const head = `[${logTime(date)}] ${level.padStart(5)} {${name}} -`
  if (version.startsWith('1.')) return `TID: [0] [AM] ${head}  ${message} {${name}}`
  if (version.startsWith('2.')) return `TID: [-1234] [] ${head}  ${message} {${name}}`
  return `TID: [-1234] [] ${head} ${message}`
}

/** A line of the console: the same in all releases. */
export function consoleLine(date: Date, level: Level, name: string, message: string): string {
  return `[${logTime(date)}] ${level.padStart(5)} - ${name.slice(name.lastIndexOf('.') + 1)} ${message}`
}

/** Where a server writes what it does. */
export type Log = (level: Level, name: string, message: string, trace?: readonly string[]) => void

/** The log of a server: its console, `wso2carbon.log`, and the file for what is wrong. Appends, as log4j does. */
export function openLog(
  home: string,
  version: string,
  say: (line: string) => void,
  faulty: (fault: string) => boolean,
): Log {
  const directory = join(home, 'repository/logs')
  let broken = false
  let lines = 0
  const append = (file: string, text: string) => {
    try {
      if (faulty('read-only-logs'))
        throw new Error('java.io.FileNotFoundException: wso2carbon.log (Permission denied)')
      if (faulty('disk-full') && lines > 4) return
      mkdirSync(directory, { recursive: true })
      appendFileSync(join(directory, file), text)
    } catch (error) {
      if (!broken) say(`log4j:ERROR setFile(null,true) call failed. ${String(error)}`)
      broken = true
    }
  }
  return (level, name, message, trace = []) => {
    const now = new Date()
    lines += 1
    if (lines === 9 && faulty('log-rotated-during-start')) rotate(directory, version, now)
    const text = [fileLine(version, now, level, name, message), ...trace].join('\n')
    append('wso2carbon.log', `${text}\n`)
    if (level !== 'INFO') append('wso2-apigw-errors.log', `${text}\n`)
    say([consoleLine(now, level, name, message), ...trace].join('\n'))
  }
}

/** Gives the log its name of the day, so that the next line begins a new file. */
function rotate(directory: string, version: string, now: Date): void {
  const [year, month, day] = logTime(now).slice(0, 10).split('-')
  const name = version.startsWith('3.')
    ? `wso2carbon-${month}-${day}-${year}.log`
    : `wso2carbon.log.${year}-${month}-${day}`
  if (existsSync(join(directory, 'wso2carbon.log'))) {
    renameSync(join(directory, 'wso2carbon.log'), join(directory, name))
  }
}

/** The lines of a Java stack trace for an exception with a cause. */
export function trace(exception: string, cause?: string): readonly string[] {
  return [
    exception,
    '\tat org.wso2.carbon.standin.Lab.run(Lab.java:1)',
    ...(cause === undefined ? [] : [`Caused by: ${cause}`, '\t... 1 more']),
  ]
}
