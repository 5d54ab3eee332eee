import fc from 'fast-check'
import type { DataEdit } from '../../../../src/modules/edit/json.ts'

export const pathOf = (places: readonly (string | number)[]) =>
  places
    .map((place) => (typeof place === 'number' ? `[${place}]` : `.${JSON.stringify(place)}`))
    .join('')
    .replace(/^\./, '')
export const places = (data: unknown): (string | number)[][] =>
  typeof data !== 'object' || data === null
    ? []
    : Object.entries(data).flatMap(([key, each]) => {
        const own = Array.isArray(data) ? Number(key) : key
        return [[own], ...places(each).map((rest) => [own, ...rest])]
      })
export const values = fc
  .jsonValue({ maxDepth: 2, stringUnit: 'binary' })
  .filter(
    (value) =>
      !JSON.stringify(value).includes('\\ud') &&
      !/\d{16}|-0/.test(JSON.stringify(value)) &&
      !Object.is(value, -0) &&
      !JSON.stringify(value).includes('__proto__'),
  ) as fc.Arbitrary<DataEdit & string>
