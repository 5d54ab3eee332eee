import type { Shape } from '../shapes.ts'
import { amSchema } from './am-schema.ts'
import { amRows, regRows, umRows } from './rows.ts'
import { regSchema, umSchema } from './shared-schema.ts'

type Schemas = Shape['schemas']

/** The schemas of a 1.9.1 fleet with their sample rows, as one script for the server's bootstrap; what has one name is one schema. */
export function schemaSql(schemas: Schemas): string {
  return [
    'SET FOREIGN_KEY_CHECKS = 0;',
    ...section(schemas.am, amSchema, amRows),
    ...section(schemas.um, umSchema, umRows),
    ...section(schemas.reg, regSchema, regRows),
  ].join('\n')
}

function section(name: string, schema: string, rows: string): string[] {
  return [`CREATE DATABASE IF NOT EXISTS ${name} CHARACTER SET utf8mb4;`, `USE ${name};`, marks, schema, rows]
}

/** Which steps of a migration were applied to this database: a step applied twice is a duplicate key. */
const marks = `CREATE TABLE IF NOT EXISTS LAB_APPLIED (STEP VARCHAR(100) NOT NULL PRIMARY KEY,
  AT TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB;`
