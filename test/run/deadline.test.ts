import { getEventListeners } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { pause, withDeadline } from '../../src/run/deadline.ts'

afterEach(() => vi.restoreAllMocks())

test('hundreds of deadlines and pauses hang on the signal of one run without a warning, and none stays there', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const { signal } = new AbortController()
  await Promise.all(Array.from({ length: 50 }, () => withDeadline(60, signal, async () => pause(0, signal))))
  expect(warned).not.toHaveBeenCalled()
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
