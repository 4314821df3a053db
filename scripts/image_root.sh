#!/usr/bin/env bash
# Makes the root file system of an image: one program, the libraries that it loads, certificate authorities, a user.
#
#   scripts/image_root.sh PROGRAM DIRECTORY
#
# On Debian, whose packages the libraries come from. Beside them go those packages' copyright files, their entries of
# dpkg's status, so that scanners see what is there, and an SPDX document of all of it:
# DIRECTORY/usr/share/sbom/digester.spdx.json. The same program and the same packages make the same files, with the same
# times: SOURCE_DATE_EPOCH, or 1970.
set -euo pipefail
export LC_ALL=C

if [ $# -ne 2 ] || [[ $1 == -* ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0"
  [[ ${1:-} == -h || ${1:-} == --help ]] && exit 0 || exit 2
fi
program=$1
root=$2
epoch=${SOURCE_DATE_EPOCH:-0}
[ ! -e "$root" ] || { echo "$root is there already" >&2; exit 1; }
umask 022
mkdir -p "$root"/{etc/ssl/certs,usr/bin,usr/share/sbom,usr/share/doc,var/lib/dpkg/status.d,home/nonroot}

install -m 755 "$program" "$root/usr/bin/digester"
# The dynamic loader is the one line without an arrow.
libraries=$(ldd "$program" | awk '/=> not found/ { print "missing: " $1 > "/dev/stderr"; exit 1 }
                                  $2 == "=>" { print $3 } $1 ~ /^\// { print $1 }')
for library in $libraries; do
  install -D -m 644 "$(readlink -f "$library")" "$root$library"
done
chmod 755 "$root$(grep '/ld-linux' <<<"$libraries")"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
# kpt and kustomize run a function as user `nobody`, by that name.
printf '%s\n' root:x:0:0:root:/:/sbin/nologin nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin \
  nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin >"$root/etc/passwd"
printf '%s\n' root:x:0: nonroot:x:65532: nogroup:x:65534: >"$root/etc/group"

# Which package a file is of: Debian has /lib in /usr, dpkg knows either name.
package_of() {
  local found path=$1
  for path in "$1" "/usr$1" "${1#/usr}"; do
    if found=$(dpkg-query -S "$path" 2>/dev/null); then
      found=${found%%:*}
      printf '%s\n' "${found%%,*}"
      return
    fi
  done
  echo "no package has $1" >&2
  return 1
}
loaded=$(for library in $libraries; do package_of "$library"; done | sort -u)
# What is compiled in: packages of headers and of static libraries.
compiled=$(for package in libboost1.81-dev libcli11-dev libexpected-dev rapidjson-dev; do
  dpkg-query -W -f='${Package} ${db:Status-Abbrev}\n' "$package" 2>/dev/null | sed -n 's/ ii $//p'; done | sort -u)
for package in $loaded ca-certificates; do
  install -D -m 644 "$(readlink -f "/usr/share/doc/$package/copyright")" "$root/usr/share/doc/$package/copyright"
  dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
done

# The document. Names and versions of Debian need no escaping in JSON; `+` and `:` do in a package URL.
version=$("$program" version | sed -n '1s/^digester //p')
commit=$("$program" version | sed -n 's/^commit *//p')
checksum=$(sha256sum "$root/usr/bin/digester" | cut -d' ' -f1)
identifier() { printf 'SPDXRef-Package-%s' "${1//[^A-Za-z0-9.-]/-}"; }
relation() { printf '    {"spdxElementId": "%s", "relationshipType": "%s", "relatedSpdxElement": "%s"}' "$1" "$2" "$3"; }
debian_package() {
  local name=$1 number architecture url
  number=$(dpkg-query -W -f='${Version}' "$name" | head -n 1)
  architecture=$(dpkg-query -W -f='${Architecture}\n' "$name" | head -n 1)
  url=${number//+/%2B}
  url=${url//:/%3A}
  cat <<JSON
    {
      "SPDXID": "$(identifier "$name")",
      "name": "$name",
      "versionInfo": "$number",
      "supplier": "Organization: Debian",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "NOASSERTION",
      "copyrightText": "NOASSERTION",
      "externalRefs": [{
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": "pkg:deb/debian/${name//+/%2B}@$url?arch=$architecture&distro=debian-$(cut -d. -f1 /etc/debian_version)"
      }]
    }
JSON
}
join_lines() { sed '$!s/$/,/'; }
{
  cat <<JSON
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "digester-$version",
  "documentNamespace": "https://spdx.org/spdxdocs/digester-$version-$checksum",
  "creationInfo": {"created": "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)", "creators": ["Tool: digester-image_root.sh"]},
  "packages": [
    {
      "SPDXID": "SPDXRef-digester",
      "name": "digester",
      "versionInfo": "$version",
      "comment": "commit $commit",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "checksums": [{"algorithm": "SHA256", "checksumValue": "$checksum"}],
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "NOASSERTION",
      "copyrightText": "NOASSERTION",
      "primaryPackagePurpose": "APPLICATION"
    },
JSON
  for package in $loaded $compiled ca-certificates; do debian_package "$package"; done | sed 's/^    }$/    },/' | sed '$s/,$//'
  printf '  ],\n  "relationships": [\n'
  {
    relation SPDXRef-DOCUMENT DESCRIBES SPDXRef-digester; echo
    for package in $loaded; do relation SPDXRef-digester DYNAMIC_LINK "$(identifier "$package")"; echo; done
    for package in $compiled; do relation SPDXRef-digester STATIC_LINK "$(identifier "$package")"; echo; done
    relation "$(identifier ca-certificates)" RUNTIME_DEPENDENCY_OF SPDXRef-digester; echo
  } | join_lines
  printf '  ]\n}\n'
} >"$root/usr/share/sbom/digester.spdx.json"

# Fails here what would fail in the image.
chroot "$root" /usr/bin/digester version >/dev/null
find "$root" -exec touch -h -d "@$epoch" {} +
du -sk "$root" | awk '{ printf "%.1f MiB in %s\n", $1 / 1024, $2 }'
