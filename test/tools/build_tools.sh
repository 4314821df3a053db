#!/usr/bin/env bash
# Builds the tools that people use beside digester, for test/tools/run.py: from Go modules at pinned versions, checked
# against Go's checksum database, and two from Python's packages.
#
#   test/tools/build_tools.sh [--list]
#
# The programs are left in build/e2e/bin. What is there already at the pinned version is left alone, which takes no
# time and no Go. Otherwise Go 1.26 or newer is needed, and some four minutes of two cores the first time. kpt and
# kubectl are not among them: kpt cannot be had as a Go module, kubectl comes with the control plane. What cannot be had
# of Python's is left out, and so are its checks.
# --list prints the pinned versions. Exit status 77: there is no such Go, its last line says so.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=test/e2e/go_programs.sh
. "$(dirname "$0")/../e2e/go_programs.sh"

programs=(
  "helm4 helm.sh/helm/v4/cmd/helm v4.3.1"
  "ko github.com/google/ko v0.19.1"
)
# Both are started by their names.
python_packages=(pre-commit==4.7.0 check-jsonschema==0.39.0)
# What the control plane's script builds too, at its versions and with its flags: helm is Helm 3.
shared=(kustomize helm)
case ${1:-} in
  '') ;;
  --list)
    printf '%s\n' "${programs[@]}"
    printf '%s\n' "${python_packages[@]}"
    for name in "${shared[@]}"; do "$ROOT/test/e2e/build_control_plane.sh" --list | grep "^$name "; done
    exit 0 ;;
  *) sed -n '2,11s/^# \{0,1\}//p' "$0"; [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2 ;;
esac

build_python_tools() {
  local folder=$ROOT/build/e2e/python name
  [ "$(cat "$folder/packages" 2>/dev/null)" != "${python_packages[*]}" ] || return 0
  rm -rf "$folder"
  mkdir -p "$target"
  if python3 -m venv "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "${python_packages[@]}"; then
    for name in "${python_packages[@]%%=*}"; do ln -sf "../python/bin/$name" "$target/$name"; done
    echo "${python_packages[*]}" >"$folder/packages"
  else
    say "${python_packages[*]} cannot be installed, their checks are left out; pip's last lines are above"
  fi
}
"$ROOT/test/e2e/build_control_plane.sh" "${shared[@]}"
build_python_tools

flags_of() { # PACKAGE VERSION
  case $1 in
    helm.sh/helm/v4/*) echo "-X helm.sh/helm/v4/internal/version.version=$2" ;;
    */ko) echo "-X $1/pkg/commands.Version=$2" ;;
  esac
}
source_of() { :; }
module_of() { :; }
optional() { false; }

build_programs 'tools' 'some four minutes'
