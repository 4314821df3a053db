#!/usr/bin/env bash
# Pushes the small images that demo and tests resolve, and prints "repository:tag digest" a line.
#
#   scripts/seed.sh URL [curl option…]      e.g. scripts/seed.sh https://localhost:5000 --cacert ca.crt --user u:p
#   scripts/seed.sh --print                 only prints the lines
#
# team/web:1.10 is an index of two manifests, team/migrate:2 and team/model:3 are one manifest. The registry's
# own digest must be the sha256 of what was sent, or the script fails.
set -euo pipefail

config='{}'
config_digest=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json
amd64='{"schemaVersion":2,"mediaType":"'$manifest_type'","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"'$config_digest'","size":2},"layers":[]}'
amd64_digest=sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268
arm64="${amd64%\}}"',"annotations":{"arch":"arm64"}}'
arm64_digest=sha256:2c26771f8a7282d2e34315783fca50a2fa21dcc55be1ae2dd5c5a0fd3e752e9c
index='{"schemaVersion":2,"mediaType":"'$index_type'","manifests":[{"mediaType":"'$manifest_type'","digest":"'$amd64_digest'","size":246,"platform":{"architecture":"amd64","os":"linux"}},{"mediaType":"'$manifest_type'","digest":"'$arm64_digest'","size":277,"platform":{"architecture":"arm64","os":"linux"}}]}'
index_digest=sha256:9dab7788e2fd002c77676d2f2744033a1af2cac56af68930424602123ecbe098

die() { printf 'seed: %s\n' "$*" >&2; exit 1; }
case ${1:-} in
  --print)
    printf '%s %s\n' team/web:1.10 $index_digest team/migrate:2 $amd64_digest team/model:3 $amd64_digest
    exit 0 ;;
  -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
  http://* | https://*) url=${1%/} && shift ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

request() { curl -sS --noproxy '*' --max-time 10 -o /dev/null -D "$headers" -w '%{http_code}' "$@"; }
header() { tr -d '\r' <"$headers" | sed -n "s/^$1: //Ip" | tail -n 1; }

put_blob() { # REPOSITORY
  local code location
  code=$(request "${options[@]}" -X POST "$url/v2/$1/blobs/uploads/")
  [ "$code" = 202 ] || die "starting an upload to $1: HTTP $code"
  location=$(header Location)
  # A registry behind another name or port answers with its own address: only the path is wanted.
  [[ $location == /* ]] || location=/${location#*://*/}
  [[ $location == *\?* ]] && location+='&' || location+='?'
  code=$(request "${options[@]}" -X PUT -H 'Content-Type: application/octet-stream' --data-binary "$config" \
    "$url${location}digest=$config_digest")
  [ "$code" = 201 ] || die "uploading the configuration to $1: HTTP $code"
}

put_manifest() { # REPOSITORY REFERENCE TYPE BODY DIGEST
  local code got
  code=$(request "${options[@]}" -X PUT -H "Content-Type: $3" --data-binary "$4" "$url/v2/$1/manifests/$2")
  [ "$code" = 201 ] || die "pushing $1:$2: HTTP $code"
  got=$(header Docker-Content-Digest)
  [ "$got" = "$5" ] || die "$1:$2 is $got to the registry, but $5 was sent"
}

options=("$@")
for repository in team/web team/migrate team/model; do put_blob "$repository"; done
put_manifest team/web "$amd64_digest" $manifest_type "$amd64" $amd64_digest
put_manifest team/web "$arm64_digest" $manifest_type "$arm64" $arm64_digest
put_manifest team/web 1.10 $index_type "$index" $index_digest
put_manifest team/migrate 2 $manifest_type "$amd64" $amd64_digest
put_manifest team/model 3 $manifest_type "$amd64" $amd64_digest
"$0" --print
