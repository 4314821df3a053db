#!/usr/bin/env bash
# Installs from Debian 12's packages what is missing, and says what it does.
#
#   scripts/setup.sh [--build] [--demo] [--test] [--list]
#
# --build is what compiling needs, --demo what scripts/demo.sh needs besides, --test what scripts/test.sh and
# scripts/bench.sh need besides; without an option: all of them. --list prints the packages and changes nothing.
# Safe to run again: when nothing is missing it asks dpkg once and ends. Needs root, or sudo.
set -euo pipefail

build_packages=(
  catch2                                  # the default build is configured with its tests
  ccache cmake g++ git mold ninja-build pkg-config
  libboost1.81-dev                        # 1.74, the default, does not compile awaitable with g++ 12 here
  libc-ares-dev libcli11-dev libexpected-dev libfmt-dev libpsl-dev libsimdjson-dev libssl-dev
  libyaml-cpp-dev libyaml-dev prometheus-cpp-dev rapidjson-dev zlib1g-dev
  libcurl4-openssl-dev                    # prometheus-cpp's CMake package asks for it; nothing of ours links it
)
demo_packages=(curl docker-registry openssl python3)
test_packages=(
  clang-14 clang-format-14 clang-tidy-14 clang-tools-14 libclang-rt-14-dev llvm-14   # fuzzing, coverage, guards
  etcd-server faketime                    # under the API server of the end-to-end tests; a node's wrong clock
  apache2-utils nginx tinyproxy-bin wrk     # htpasswd; a broken front and a yardstick; a CONNECT proxy; load
  buildah debootstrap                     # the image, without a container engine
  python3-venv python3-yaml               # tools of the tests; manifests
  fish groff mandoc zsh                   # completions in the shells, the manual page
  shellcheck
)
# Packages that bring a service which nobody asked to run on this machine, and what it is called.
declare -A services=([docker-registry]=docker-registry [nginx]=nginx [etcd-server]=etcd)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

wanted=()
list_only=false
for option in "$@"; do
  case $option in
    --build) wanted+=("${build_packages[@]}") ;;
    --demo) wanted+=("${demo_packages[@]}") ;;
    --test) wanted+=("${test_packages[@]}") ;;
    --list) list_only=true ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) printf 'setup: unknown option %s (try --help)\n' "$option" >&2; exit 2 ;;
  esac
done
[ ${#wanted[@]} -gt 0 ] || wanted=("${build_packages[@]}" "${demo_packages[@]}" "${test_packages[@]}")
if $list_only; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi
if ! command -v dpkg-query >/dev/null; then
  die "this is not Debian: install the equivalents of these packages yourself, then run cmake: ${wanted[*]}"
fi

installed=" $(dpkg-query -W -f='${db:Status-Abbrev}${Package} ' 2>/dev/null) "
missing=()
for package in "${wanted[@]}"; do
  [[ $installed == *" ii $package "* ]] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  say "all ${#wanted[@]} packages are installed"
  exit 0
fi

# shellcheck source=/dev/null
. /etc/os-release
[ "${VERSION_CODENAME:-}" = bookworm ] ||
  say "warning: written for Debian 12 (bookworm), this is ${PRETTY_NAME:-unknown}; package names may differ"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "run as root, or install sudo; missing: ${missing[*]}"
  as_root=(sudo)
  [ -t 0 ] || as_root=(sudo -n)
  "${as_root[@]}" true || die "sudo refuses; run as root: apt-get install --no-install-recommends ${missing[*]}"
fi

# A machine with a policy of its own keeps it; elsewhere no service starts while we install, and what is new
# does not start at the next boot either.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
own_policy=false
clean_up() {
  if $own_policy; then "${as_root[@]}" rm -f "$policy"; fi
  rm -f "$log"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ ! -e "$policy" ]; then
  own_policy=true
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}
say "installing ${#missing[@]} of ${#wanted[@]} packages: ${missing[*]}"
started=$SECONDS
apt update || say "warning: apt-get update failed, trying with the lists at hand"
if ! apt install --no-install-recommends "${missing[@]}"; then
  tail -n 40 "$log" >&2
  die "apt-get install failed, its last lines are above"
fi
if command -v systemctl >/dev/null; then
  for package in "${!services[@]}"; do
    if [[ " ${missing[*]} " == *" $package "* ]]; then
      "${as_root[@]}" systemctl disable --quiet "${services[$package]}" >>"$log" 2>&1 || true
    fi
  done
fi
say "done in $((SECONDS - started)) s"
