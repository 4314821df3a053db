#!/usr/bin/env bash
# Builds what the end-to-end tests and scripts/cluster.sh run: Kubernetes' control plane and the tools around it,
# from Go modules at pinned versions, checked against go.sum and Go's checksum database.
#
#   test/e2e/build_control_plane.sh [--list | NAME…]
#
# All of them or those that are named, into build/e2e/bin. What is there already at the pinned version is left alone,
# which takes no time and no Go. Otherwise Go 1.26 or newer is needed, and some seven minutes of two cores the first
# time. --list prints the pinned versions. Exit status 77: there is no such Go, its last line says so.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=test/e2e/go_programs.sh
. "$(dirname "$0")/go_programs.sh"

module=$ROOT/test/e2e/control-plane
rotator=$ROOT/test/e2e/k8s-digester-rotator
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
  -*) sed -n '2,9s/^# \{0,1\}//p' "$0"; [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2 ;;
  *) only "$@" ;;
esac

number=${kubernetes#v}
major=${number%%.*}
minor=${number#*.}
minor=${minor%%.*}
# A build from modules does not know its version: kubectl and other clients could not read the API server's, and
# `helm template` would take every cluster for a 1.20.
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
# For Kubernetes that is all of go.sum, and for ours its source.
sums=$(cksum <"$module/go.sum")
rotator_sums=$(cat "$rotator"/go.mod "$rotator"/go.sum "$rotator"/*.go | cksum)
source_of() { # PACKAGE
  case $1 in
    k8s.io/kubernetes/*) echo "$sums" ;;
    digester.dev/*) echo "$rotator_sums" ;;
  esac
}
module_of() { # PACKAGE
  case $1 in
    k8s.io/kubernetes/*) echo "$module" ;;
    digester.dev/*) echo "$rotator" ;;
  esac
}
optional() { [[ $1 == digester.dev/* ]]; } # PACKAGE

build_programs 'the control plane' 'some seven minutes'
