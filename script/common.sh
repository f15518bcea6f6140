# What the scripts here share; sourced, not run. Works in bash 5 on Debian 12 and Ubuntu 24.04.
set -euo pipefail
SELF=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD

jobs_count() { nproc 2>/dev/null || echo 2; }

if [ -t 1 ]; then BOLD=$'\e[1m' DIM=$'\e[2m' PLAIN=$'\e[0m'; else BOLD='' DIM='' PLAIN=''; fi
heading() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '%s%s%s\n' "$DIM" "$*" "$PLAIN"; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# configure PRESET [CMAKE ARGUMENT...]: quiet when all is well, the whole story when not.
configure() {
  local preset=$1 log
  shift
  log=build/configure-$preset.log
  mkdir -p build
  if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "cmake could not configure the preset $preset; script/bootstrap installs what is missing"
  fi
}

# build PRESET [TARGET...] [-- NINJA OPTION...]
build() {
  local preset=$1 targets=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    targets+=(--target "$1")
    shift
  done
  cmake --build "build/$preset" --parallel "$(jobs_count)" "${targets[@]}" "$@"
}
