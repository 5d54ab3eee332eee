#!/usr/bin/env bash
# Types, lint and format, unused code, unit tests with the architecture. All of them, then what failed.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=scripts/parts.sh
. scripts/parts.sh

part types node node_modules/typescript-native/bin/tsc -p tsconfig.json
part lint node_modules/.bin/biome check --error-on-warnings .
tests unit
finish
