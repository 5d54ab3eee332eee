import { nearest } from '../../model/nearest.ts'
import { linesText, placeOf, refused } from './splice.ts'
import { elementsIn, textOf, type XmlElement } from './xml-scan.ts'

/**
 * Where in an XML file. It begins under the root: `Ports/Offset`; with `/` in front, at the root: `/Server/Ports`. A step may have
 * tests: of an attribute `Property[@name=dataSource]`, of a child's text `datasource[name=WSO2AM_DB]`, of its own text `Role[.=x]`;
 * values may stand in quotes. A name is meant as it is written, with its prefix (`svns:alias`), or by namespace: `{http://ns}alias`.
 */
export type XmlPath = string

/** One step of a path. */
export interface XmlStep {
  readonly name: string
  readonly namespace?: string
  readonly tests: readonly {
    readonly kind: 'attribute' | 'child' | 'text'
    readonly name: string
    readonly is: string
  }[]
}

const stepAt = /(?:\{([^}]*)\})?([^\s/[\]{}@="']+)/y
const testAt = /\[\s*(?:(@)?([^\s=[\]@"']+))\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\]]*))\s*\]/y

/** The steps of a path; the first is the root's when the path begins with `/`. Throws a TypeError that shows what is no step. */
export function parsePath(path: XmlPath): { readonly absolute: boolean; readonly steps: readonly XmlStep[] } {
  const absolute = path.startsWith('/')
  const steps: XmlStep[] = []
  let at = absolute ? 1 : 0
  for (;;) {
    stepAt.lastIndex = at
    const found = stepAt.exec(path)
    const name = found?.[2]
    if (name === undefined) throw new TypeError(`"${path.slice(at)}" in "${path}" is no step of a path`)
    at = stepAt.lastIndex
    const tests: XmlStep['tests'][number][] = []
    for (;;) {
      testAt.lastIndex = at
      const test = testAt.exec(path)
      if (test === null) break
      const [, sign, own = '', double, single, plain] = test
      at = testAt.lastIndex
      const kind = sign === '@' ? 'attribute' : own === '.' ? 'text' : 'child'
      tests.push({ kind, name: own, is: double ?? single ?? plain?.trim() ?? '' })
    }
    steps.push({ name, tests, ...(found?.[1] !== undefined && { namespace: found[1] }) })
    if (at === path.length) return { absolute, steps }
    if (path[at] !== '/') throw new TypeError(`"${path.slice(at)}" in "${path}" is no step of a path`)
    at++
  }
}

/** All elements at a path. */
export function findXml(root: XmlElement, path: XmlPath): readonly XmlElement[] {
  const { absolute, steps } = parsePath(path)
  return absolute ? below(steps, [root], true) : below(steps, [root], false)
}

function below(
  steps: readonly XmlStep[],
  from: readonly XmlElement[],
  first: boolean,
): readonly XmlElement[] {
  return steps.reduce(
    (found, step, at) =>
      (first && at === 0 ? found : found.flatMap((element) => elementsIn(element))).filter((element) =>
        fits(element, step),
      ),
    from,
  )
}

/** Whether an element is what a step names. */
export const fits = (element: XmlElement, step: XmlStep): boolean =>
  named(element, step) &&
  step.tests.every(({ kind, name, is }) => {
    if (kind === 'attribute')
      return element.attributes.some((each) => each.name === name && each.value === is)
    if (kind === 'text') return textOf(element) === is
    return elementsIn(element).some((child) => child.name === name && textOf(child) === is)
  })

function named({ name, scope }: XmlElement, step: XmlStep): boolean {
  if (step.namespace === undefined) return name === step.name
  const [prefix, local] = name.includes(':') ? name.split(':') : ['', name]
  return local === step.name && (scope.get(prefix ?? '') ?? '') === step.namespace
}

/** The one element at a path, or undefined. Throws, with the lines, where there are two. */
export function oneOrNone(
  source: string,
  root: XmlElement,
  path: XmlPath,
  file: string,
): XmlElement | undefined {
  const [found, ...more] = findXml(root, path)
  if (found !== undefined && more.length > 0)
    throw refused(
      `${file}: "${path}" matches ${more.length + 1} elements: ${linesText(
        source,
        [found, ...more].map(({ from }) => from),
      )}`,
      `Say which, with a test: ${path}[@name=...] or ${path}[child=...].`,
    )
  return found
}

/** The deepest element on the way of a path, and the steps that are missing under it. Throws where two are on the way. */
export function deepest(
  source: string,
  root: XmlElement,
  path: XmlPath,
  file: string,
): { readonly found: XmlElement; readonly missing: readonly XmlStep[] } {
  const { absolute, steps } = parsePath(path)
  let found = root
  for (const [at, step] of steps.entries()) {
    if (absolute && at === 0) {
      if (!fits(root, step)) throw missing(source, root, steps, path, file, true)
      continue
    }
    const next = elementsIn(found).filter((element) => fits(element, step))
    const [one] = next
    if (one === undefined) return { found, missing: steps.slice(at) }
    if (next.length > 1)
      throw refused(
        `${file}: "${path}" leads through ${next.length} elements ${step.name}: ${linesText(
          source,
          next.map(({ from }) => from),
        )}`,
        `Say which, with a test: ${step.name}[@name=...] or ${step.name}[child=...].`,
      )
    found = one
  }
  return { found, missing: [] }
}

/** The refusal of a path that leads nowhere: how far it leads, and what there is instead. */
export function missing(
  source: string,
  found: XmlElement,
  steps: readonly XmlStep[],
  path: XmlPath,
  file: string,
  self = false,
): Error {
  const step = steps[0]
  const there = self ? [found] : elementsIn(found)
  const alike = there.filter((element) => step !== undefined && named(element, step))
  const near = nearest(
    step?.name ?? '',
    there.map(({ name }) => name),
  )
  const where = self ? placeOf(file, source, 0) : placeOf(file, source, found.from)
  const what = self ? `the root is not ${step?.name}` : `<${found.name}> has no ${step?.name ?? ''}`
  if (alike.length > 0)
    return refused(
      `${where}: "${path}" matches nothing: of ${alike.length} ${step?.name} (${linesText(
        source,
        alike.map(({ from }) => from),
      )}) none is as its tests say`,
      'Correct the test.',
    )
  const like = there.find(({ name }) => name === near)
  return refused(
    `${where}: "${path}" matches nothing: ${what}${
      like === undefined
        ? ''
        : `; did you mean "${like.name}" (${placeOf(file, source, like.from).slice(file.length + 1)})?`
    }`,
    'Correct the path, or say create: true where an element is to be made.',
  )
}
