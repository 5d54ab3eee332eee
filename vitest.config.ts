import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const alias = { 'upgrade-fleet': fileURLToPath(new URL('src/index.ts', import.meta.url)) }

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          globalSetup: 'test/support/scratch.ts',
          include: ['test/**/*.test.ts'],
          isolate: false,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'real',
          include: ['test/**/*.real.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'e2e',
          globalSetup: 'test/support/build.ts',
          include: ['test/e2e/*.e2e.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Most of the time is waiting for servers to start.
          maxWorkers: 3,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'matrix',
          globalSetup: 'test/support/build.ts',
          include: ['test/matrix/*.matrix.ts'],
          testTimeout: 24 * 3_600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
    ],
  },
})
