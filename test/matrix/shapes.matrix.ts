import { test } from 'vitest'
import { thereAndBack, type Way } from '../support/there-and-back.ts'

// The usual shape on MariaDB is in test/e2e.
const ways: readonly Omit<Way, 'from' | 'range'>[] = [
  { shape: 'all-in-one', database: 'postgresql' },
  { shape: 'distributed', database: 'postgresql' },
  { shape: 'two-active', database: 'mariadb' },
  { shape: 'shared', database: 'mariadb' },
]

test.each(ways)('$shape on $database goes to 3.0.0 and is brought back', (way) =>
  thereAndBack({ ...way, from: '1.9.1', range: '127.134.4' }),
)
