#!/usr/bin/env bash
# Builds the tools that people use beside digester, for test/tools/run.py: from Go modules at pinned versions, checked
# against Go's checksum database.
#
#   test/tools/build_tools.sh [--list]
#
# The programs are left in build/e2e/bin. What is there already at the pinned version is left alone, which takes no
# time and no Go. Otherwise Go 1.26 or newer is needed, and some four minutes of two cores the first time. kpt and
# kubectl are not among them: kpt cannot be had as a Go module, kubectl comes with the control plane.
# --list prints the pinned versions. Exit status 77: there is no such Go, its last line says so.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=test/e2e/go_programs.sh
. "$(dirname "$0")/../e2e/go_programs.sh"

programs=(
  "helm4 helm.sh/helm/v4/cmd/helm v4.3.1"
  "ko github.com/google/ko v0.19.1"
)
# What the control plane's script builds too, at its versions and with its flags: helm is Helm 3.
shared=(kustomize helm)
case ${1:-} in
  '') "$ROOT/test/e2e/build_control_plane.sh" "${shared[@]}" ;;
  --list)
    printf '%s\n' "${programs[@]}"
    for name in "${shared[@]}"; do "$ROOT/test/e2e/build_control_plane.sh" --list | grep "^$name "; done
    exit 0 ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2 ;;
esac

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
