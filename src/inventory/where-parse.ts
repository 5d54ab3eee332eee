import type { WhereValue } from './where.ts'

/** A condition as a tree; `at` is where it stands in the text, from 0. */
export type WhereNode =
  | { readonly kind: 'or' | 'and' | 'not'; readonly at: number; readonly parts: readonly WhereNode[] }
  | {
      readonly kind: 'compare'
      readonly at: number
      readonly by: string
      readonly parts: readonly WhereNode[]
    }
  | { readonly kind: 'list'; readonly at: number; readonly parts: readonly WhereNode[] }
  | { readonly kind: 'name'; readonly at: number; readonly path: readonly (string | number)[] }
  | { readonly kind: 'value'; readonly at: number; readonly value: WhereValue }

interface Token {
  readonly kind: 'mark' | 'name' | 'value' | 'end'
  readonly at: number
  readonly text: string
  readonly value?: WhereValue
}

type Refuse = (at: number, message: string) => never

const deepest = 100

/** Reads a condition. `refuse` is told where and why one is none. */
export function parseWhere(text: string, refuse: Refuse): WhereNode {
  const tokens = tokensOf(text, refuse)
  let next = 0
  let depth = 0
  const peek = (): Token => tokens[next] ?? { kind: 'end', at: text.length, text: '' }
  const take = (mark: string): Token | undefined => {
    const token = peek()
    if (token.kind !== 'mark' || token.text !== mark) return undefined
    next++
    return token
  }
  const need = (mark: string): void => {
    if (take(mark) === undefined) refuse(peek().at, `expected ${mark}, got ${named(peek())}`)
  }
  const row = (kind: 'or' | 'and', mark: string, part: () => WhereNode) => (): WhereNode => {
    let left = part()
    for (let token = take(mark); token !== undefined; token = take(mark))
      left = { kind, at: token.at, parts: [left, part()] }
    return left
  }
  const negated = (): WhereNode => {
    const token = take('!')
    return token === undefined ? comparison() : { kind: 'not', at: token.at, parts: [deeper(negated)] }
  }
  const comparison = (): WhereNode => {
    const left = operand()
    const token = ['==', '!=', '<=', '>=', '<', '>', 'in'].map(take).find((one) => one !== undefined)
    if (token === undefined) return left
    return { kind: 'compare', at: token.at, by: token.text, parts: [left, operand()] }
  }
  const operand = (): WhereNode => {
    const token = peek()
    if (take('(') !== undefined) {
      const inner = deeper(condition)
      need(')')
      return inner
    }
    if (take('[') !== undefined) return list(token.at)
    if (token.kind === 'name') {
      next++
      return { kind: 'name', at: token.at, path: path(token.text) }
    }
    if (token.kind !== 'value')
      return refuse(token.at, `expected a variable, a "text" or a number, got ${named(token)}`)
    next++
    return { kind: 'value', at: token.at, value: token.value ?? null }
  }
  const path = (first: string): readonly (string | number)[] => {
    const steps: (string | number)[] = [first]
    for (;;) {
      if (take('.') !== undefined) {
        const token = peek()
        if (token.kind !== 'name') refuse(token.at, `expected a name behind the dot, got ${named(token)}`)
        steps.push(token.text)
        next++
      } else if (take('[') !== undefined) {
        const token = peek()
        const { value } = token
        if (typeof value !== 'string' && typeof value !== 'number')
          return refuse(token.at, `expected a 'name' or an index, got ${named(token)}`)
        steps.push(value)
        next++
        need(']')
      } else return steps
    }
  }
  const list = (at: number): WhereNode => {
    const parts: WhereNode[] = []
    while (take(']') === undefined) {
      parts.push(operand())
      if (peek().text !== ']') need(',')
    }
    return { kind: 'list', at, parts }
  }
  const deeper = (part: () => WhereNode): WhereNode => {
    if (++depth > deepest) refuse(peek().at, `expected at most ${deepest} levels, got more`)
    const made = part()
    depth--
    return made
  }
  const condition = row('or', '||', row('and', '&&', negated))
  const tree = condition()
  if (peek().kind !== 'end') refuse(peek().at, `expected && or || or the end, got ${named(peek())}`)
  return tree
}

const named = ({ kind, text }: Token): string => (kind === 'end' ? 'the end' : JSON.stringify(text))

const words: Readonly<Record<string, WhereValue>> = { true: true, false: false, null: null }

function tokensOf(text: string, refuse: Refuse): readonly Token[] {
  const tokens: Token[] = []
  const one =
    /\s+|(&&|\|\||==|!=|<=|>=|[<>!()[\],.])|([A-Za-z_]\w*)|(-?\d+(?:\.\d+)?)(?![\w.])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y
  while (one.lastIndex < text.length) {
    const at = one.lastIndex
    const found = one.exec(text)
    if (found === null) {
      const got = /^["']/.test(text.slice(at))
        ? 'a text without its end'
        : JSON.stringify(text.slice(at, at + 10))
      const hint = /^(=|&|\|)/.test(text.slice(at))
        ? ' (write ==, && or ||)'
        : /^\d/.test(text.slice(at))
          ? ' (quote it)'
          : ''
      return refuse(at, `expected a condition, got ${got}${hint}`)
    }
    const [whole, mark, name, number, double, single] = found
    const quoted = double ?? single
    if (mark !== undefined || name === 'in') tokens.push({ kind: 'mark', at, text: whole })
    else if (name !== undefined && Object.hasOwn(words, name))
      tokens.push({ kind: 'value', at, text: whole, value: words[name] ?? null })
    else if (name !== undefined) tokens.push({ kind: 'name', at, text: whole })
    else if (number !== undefined) tokens.push({ kind: 'value', at, text: whole, value: Number(number) })
    else if (quoted !== undefined)
      tokens.push({ kind: 'value', at, text: whole, value: quoted.replace(/\\(.)/gs, '$1') })
  }
  return tokens
}
