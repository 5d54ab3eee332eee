import { TaskError } from '../../model/errors.ts'
import { noNul } from './sql.ts'

/** A name as SQL writes it, whatever it holds. */
export function identifier(name: string): string {
  if (name === '') throw new TaskError('an empty text cannot be a name in SQL')
  return `\`${noNul(name).replaceAll('`', '``')}\``
}

/** A text as SQL writes it, in the usual SQL mode. */
export function literal(text: string): string {
  return `'${noNul(text).replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
