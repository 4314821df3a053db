#!/usr/bin/env bash
# Builds what the end-to-end tests and scripts/cluster.sh run: Kubernetes' control plane and the tools around it,
# from Go modules at pinned versions, checked against go.sum and Go's checksum database.
#
#   test/e2e/build_control_plane.sh [--list]
#
# The programs are left in build/e2e/bin. What is there already at the pinned version is left alone, which takes no
# time and no Go. Otherwise Go 1.26 or newer is needed, and some seven minutes of two cores the first time.
# --list prints the pinned versions. Exit status 77: there is no such Go, its last line says so.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

module=$ROOT/test/e2e/control-plane
rotator=$ROOT/test/e2e/k8s-digester-rotator
target=$ROOT/build/e2e/bin
stamps=$ROOT/build/e2e/stamps
kubernetes=$(sed -n 's/^\tk8s\.io\/kubernetes \(v[0-9.]*\)\( .*\)\?$/\1/p' "$module/go.mod")
[ -n "$kubernetes" ] || die "$module/go.mod does not say which k8s.io/kubernetes"
# Name, package, version. kustomize 5.8 wants a newer Go than the rest.
programs=(
  "kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver $kubernetes"
  "kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager $kubernetes"
  "kubectl k8s.io/kubernetes/cmd/kubectl $kubernetes"
  "kustomize sigs.k8s.io/kustomize/kustomize/v5 v5.7.1"
  "kubeconform github.com/yannh/kubeconform/cmd/kubeconform v0.8.0"
  "helm helm.sh/helm/v3/cmd/helm v3.22.0"
  # Not needed to run a cluster: where it cannot be had, its checks are left out.
  "k8s-digester-rotator digester.dev/test/k8s-digester-rotator v0.1.16"
)
case ${1:-} in
  '') ;;
  --list) printf '%s\n' "${programs[@]}"; exit 0 ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0"; [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2 ;;
esac

number=${kubernetes#v}
major=${number%%.*}
minor=${number#*.}
minor=${minor%%.*}
# What the linker is told. A build from modules does not know its version: kubectl and other clients could not read
# the API server's, and `helm template` would take every cluster for a 1.20.
flags_of() { # PACKAGE VERSION
  local base=k8s.io/component-base/version helm=helm.sh/helm/v3
  case $1 in
    k8s.io/kubernetes/*) echo "-X $base.gitVersion=$2 -X $base.gitMajor=$major -X $base.gitMinor=$minor" ;;
    "$helm"/*)
      echo "-X $helm/internal/version.version=$2" \
        "-X $helm/pkg/chartutil.k8sVersionMajor=$major -X $helm/pkg/chartutil.k8sVersionMinor=$minor" \
        "-X $helm/pkg/lint/rules.k8sVersionMajor=$major -X $helm/pkg/lint/rules.k8sVersionMinor=$minor" ;;
    */kubeconform/*) echo "-X main.version=$2" ;;
  esac
}
# A stamp says from what a program was built. For Kubernetes that is all of go.sum, too, and for ours its source.
sums=$(cksum <"$module/go.sum")
rotator_sums=$(cat "$rotator"/go.mod "$rotator"/go.sum "$rotator"/*.go | cksum)
stamp_of() { # PACKAGE VERSION
  printf '%s %s %s' "$1" "$2" "$(flags_of "$1" "$2")"
  case $1 in
    k8s.io/kubernetes/*) printf ' %s' "$sums" ;;
    digester.dev/*) printf ' %s' "$rotator_sums" ;;
  esac
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
find_missing
if [ ${#missing[@]} -eq 0 ]; then
  say "all ${#programs[@]} programs are in build/e2e/bin"
  exit 0
fi

command -v go >/dev/null || { say "Go 1.26 or newer is needed to build the control plane, and no Go is installed"; exit 77; }
# Asked inside the module: where Go is allowed to fetch the toolchain that go.mod wants, that one answers.
if ! go_version=$(go -C "$module" env GOVERSION 2>/dev/null); then
  say "Go 1.26 or newer is needed to build the control plane, this is $(GOTOOLCHAIN=local go env GOVERSION)"
  exit 77
fi

# Another run may be building the same: one at a time, and what it has built is not built again.
mkdir -p "$target" "$stamps"
exec 9>"$ROOT/build/e2e/lock"
flock --nonblock 9 || { say 'another run is building the control plane: waiting for it'; flock 9; }
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
trap 'rm -rf "$building"; clean_up' EXIT
mkdir -p "$building"
say "building the control plane, the first time in some seven minutes: ${#missing[@]} of ${#programs[@]} programs"
for entry in "${missing[@]}"; do
  read -r name package version <<<"$entry"
  started=$SECONDS
  linker=(-ldflags "-s -w $(flags_of "$package" "$version")")
  case $package in
    k8s.io/kubernetes/*)
      compile=(go -C "$module" build -trimpath "${linker[@]}" -o "$building/$name" "$package") ;;
    digester.dev/*)
      compile=(go -C "$rotator" build -trimpath "${linker[@]}" -o "$building/$name" .) ;;
    *)
      compile=(env GOBIN="$building" go install -trimpath "${linker[@]}" "$package@$version") ;;
  esac
  if ! "${compile[@]}" >"$WORK/$name.log" 2>&1; then
    tail -n 40 "$WORK/$name.log" >&2
    if [[ $package == digester.dev/* ]]; then
      rm -f "$target/$name"
      say "$name $version cannot be built, its checks are left out; the last lines of ${compile[*]} are above"
      continue
    fi
    die "$name $version cannot be built, the last lines of ${compile[*]} are above"
  fi
  mv "$building/$name" "$target/$name"
  stamp_of "$package" "$version" >"$stamps/$name"
  say "$name $version built in $((SECONDS - started)) s with $go_version"
done
built=${#missing[@]}
find_missing
say "$((${#programs[@]} - ${#missing[@]})) of ${#programs[@]} programs are in build/e2e/bin, $((built - ${#missing[@]})) built in $SECONDS s"
