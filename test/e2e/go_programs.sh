# Shared by build_control_plane.sh and test/tools/build_tools.sh: programs from Go modules at pinned versions, checked
# against go.sum and Go's checksum database, left in build/e2e/bin. Sourced, not run, after scripts/lib.sh.
#
# Whoever sources it defines
#   programs=("name package version"…)
#   flags_of PACKAGE VERSION       what the linker is told
#   source_of PACKAGE              what else than package and version it is built from, as one word, or nothing
#   module_of PACKAGE              the folder of this tree whose go.mod it is built with, or nothing: as published
#   optional PACKAGE               succeeds where one may be missing
# and calls build_programs.
# shellcheck shell=bash

target=$ROOT/build/e2e/bin
stamps=$ROOT/build/e2e/stamps

# A stamp says from what a program was built.
stamp_of() { # PACKAGE VERSION
  local source
  source=$(source_of "$1")
  printf '%s %s %s%s' "$1" "$2" "$(flags_of "$1" "$2")" "${source:+ $source}"
}
# Leaves those of the programs that are named.
only() { # NAME…
  local name entry chosen=()
  for name in "$@"; do
    for entry in "${programs[@]}"; do
      [[ $entry != "$name "* ]] || chosen+=("$entry")
    done
  done
  [ ${#chosen[@]} -eq $# ] || { say "not among the programs (see --list): $*"; exit 2; }
  programs=("${chosen[@]}")
}
find_missing() {
  local entry name package version
  missing=()
  for entry in "${programs[@]}"; do
    read -r name package version <<<"$entry"
    if [ ! -x "$target/$name" ] || [ ! -f "$stamps/$name" ] ||
      [ "$(<"$stamps/$name")" != "$(stamp_of "$package" "$version")" ]; then
      missing+=("$entry")
    fi
  done
}

# build_programs WHAT FIRST_TIME: e.g. 'the control plane' 'some seven minutes'. Ends the script: status 77 where no
# Go is that could build them, its last line says so.
build_programs() {
  local what=$1 first_time=$2 folder entry name package version started linker compile go_version built
  find_missing
  if [ ${#missing[@]} -eq 0 ]; then
    say "all ${#programs[@]} programs are in build/e2e/bin"
    exit 0
  fi

  command -v go >/dev/null || { say "Go 1.26 or newer is needed to build $what, and no Go is installed"; exit 77; }
  # Asked inside the module: where Go is allowed to fetch the toolchain that go.mod wants, that one answers.
  if ! go_version=$(go -C "$ROOT/test/e2e/control-plane" env GOVERSION 2>/dev/null); then
    say "Go 1.26 or newer is needed to build $what, this is $(GOTOOLCHAIN=local go env GOVERSION)"
    exit 77
  fi

  # Another run may be building the same: one at a time, and what it has built is not built again.
  mkdir -p "$target" "$stamps"
  exec 9>"$ROOT/build/e2e/lock"
  flock --nonblock 9 || { say "another run is building: waiting for it"; flock 9; }
  find_missing
  if [ ${#missing[@]} -eq 0 ]; then
    say "all ${#programs[@]} programs are in build/e2e/bin"
    exit 0
  fi

  make_work_directory
  # Without C: the same program whatever C compiler and library the machine has. Nobody's own flags either.
  export CGO_ENABLED=0 GOFLAGS=

  # Built beside the target and moved there: a program that runs may be replaced, a half written one is never run.
  building=$ROOT/build/e2e/building.$$
  REMOVED_AT_END+=("$building")
  say "building $what, the first time in $first_time: ${#missing[@]} of ${#programs[@]} programs"
  for entry in "${missing[@]}"; do
    read -r name package version <<<"$entry"
    started=$SECONDS
    rm -rf "$building"
    mkdir -p "$building"
    linker=(-ldflags "-s -w $(flags_of "$package" "$version")")
    folder=$(module_of "$package")
    if [ -n "$folder" ]; then
      compile=(go -C "$folder" build -trimpath "${linker[@]}" -o "$building/$name" "$package")
    else
      compile=(env GOBIN="$building" go install -trimpath "${linker[@]}" "$package@$version")
    fi
    if ! "${compile[@]}" >"$WORK/$name.log" 2>&1; then
      tail -n 40 "$WORK/$name.log" >&2
      if optional "$package"; then
        rm -f "$target/$name"
        say "$name $version cannot be built, its checks are left out; the last lines of ${compile[*]} are above"
        continue
      fi
      die "$name $version cannot be built, the last lines of ${compile[*]} are above"
    fi
    # go install names a program after its package.
    mv "$building"/* "$target/$name"
    stamp_of "$package" "$version" >"$stamps/$name"
    say "$name $version built in $((SECONDS - started)) s with $go_version"
  done
  built=${#missing[@]}
  find_missing
  say "$((${#programs[@]} - ${#missing[@]})) of ${#programs[@]} programs are in build/e2e/bin, $((built - ${#missing[@]})) built in $SECONDS s"
}
