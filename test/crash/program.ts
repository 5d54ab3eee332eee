import { crashEverywhere } from './points.ts'

// Tries as many crash points as its argument says; prints how many as JSON, or the smallest playbook that fails.
process.stdout.write(JSON.stringify(await crashEverywhere(Number(process.argv[2]))))
