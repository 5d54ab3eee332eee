#!/usr/bin/env bash
# Everything: the check, then the tests with real servers, then the built command on a lab.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=scripts/parts.sh
. scripts/parts.sh

part check bash scripts/check.sh
tests real
tests e2e
finish
