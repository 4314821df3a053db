#!/usr/bin/env bash
# Makes a development certificate for the webhook: tls.crt, tls.key and the ca.crt to trust.
#
#   certs/make-dev-certificate.sh DIRECTORY [NAME…]
#
# ECDSA P-256, valid for 30 days, for digester-webhook-service.digester-system.svc, localhost and 127.0.0.1,
# or for the given names (IP addresses too). The authority's key is thrown away: for development only. Only you can
# read the files: a container that runs as another user needs them given to it.
set -euo pipefail

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0"
  exit 0
fi
if [ $# -lt 1 ] || [[ $1 == -* ]]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
directory=$1
shift
[ $# -gt 0 ] || set -- digester-webhook-service.digester-system.svc localhost 127.0.0.1
names=''
for name in "$@"; do
  if [[ $name =~ ^[0-9.]+$ || $name == *:* ]]; then kind=IP; else kind=DNS; fi
  names+=${names:+,}$kind:$name
done

umask 077
mkdir -p "$directory"
cd "$directory"
made=$(mktemp -d ./.making.XXXXXX)
trap 'rm -rf "$PWD/$made"' EXIT
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc)
log=$made/log
openssl req -x509 "${new_key[@]}" -days 30 -subj '/CN=digester development CA' \
  -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign \
  -keyout "$made/ca.key" -out "$made/ca.crt" 2>"$log" || { cat "$log" >&2; exit 1; }
openssl req -x509 -CA "$made/ca.crt" -CAkey "$made/ca.key" "${new_key[@]}" -days 30 -subj "/CN=$1" \
  -addext "subjectAltName=$names" -addext basicConstraints=critical,CA:FALSE \
  -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=serverAuth \
  -keyout "$made/tls.key" -out "$made/tls.crt" 2>"$log" || { cat "$log" >&2; exit 1; }
chmod 644 "$made/ca.crt" "$made/tls.crt"
mv "$made/ca.crt" "$made/tls.crt" "$made/tls.key" .
