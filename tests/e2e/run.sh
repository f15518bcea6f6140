#!/bin/sh
# run.sh PYTHON NAME FILE: one file of end-to-end tests, its details to $SLUICE_RESULTS/NAME.xml if that is set.
set -e
if [ -n "${SLUICE_RESULTS:-}" ]; then
  exec "$1" -B -m pytest -q -rs -p no:cacheprovider --junitxml "$SLUICE_RESULTS/$2.xml" "$3"
fi
exec "$1" -B -m pytest -q -rs -p no:cacheprovider "$3"
