#!/usr/bin/env bash
# Shows the whole way once, on this machine alone: a real registry, the webhook over TLS, an AdmissionReview that
# a kube-apiserver sent, and the answer. One of the two commands of the README.
#
#   scripts/demo.sh             ends with status 0 if and only if our digest is the registry's own
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
case ${1:-} in
  '') ;;
  -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit ;;
  *) { printf 'demo.sh takes no arguments: %s\n\n' "$1"; sed -n '2,5s/^# \{0,1\}//p' "$0"; } >&2; exit 2 ;;
esac

line() { printf '  %s%-12s%s %s\n' "$CYAN" "$1" "$PLAIN" "$2"; }
# A field of the webhook's log: FIELD MESSAGE [nth record].
logged() {
  python3 - "$WORK/webhook.log" "$@" <<'PY'
import json, sys
path, field, message = sys.argv[1:4]
records = [json.loads(line) for line in open(path) if line.startswith("{")]
print(next(r[field] for r in records if r["msg"] == message))
PY
}
quiet_curl() { curl -sS --noproxy '*' --max-time 15 "$@"; }

"$ROOT/scripts/setup.sh" --build --demo
heading 'Building'
build release digester
program=$ROOT/build/release/digester
say "$("$program" --version | head -n 2 | tr -s '\n ' ' ')"
built=$(now_ms)

heading 'Starting'
make_work_directory
start_registry registry
image=127.0.0.1:$REGISTRY_PORT/team/web:1.10
"$ROOT/scripts/seed.sh" "http://127.0.0.1:$REGISTRY_PORT" >/dev/null
line registry "docker-registry on 127.0.0.1:$REGISTRY_PORT holds team/web:1.10, an index of two manifests"
"$ROOT/certs/make-dev-certificate.sh" "$WORK/certs"
line certificate 'ECDSA P-256, its authority made for this run'
# Clean of the caller's surroundings: no proxy, no docker credentials, no cluster.
background webhook env -i PATH="$PATH" HOME="$WORK" "$program" webhook --offline --disable-cert-rotation \
  --cert-dir "$WORK/certs" --listen-address 127.0.0.1 --port 0 --health-addr 127.0.0.1:0 \
  --metrics-addr 127.0.0.1:0 --insecure-registries "127.0.0.1:$REGISTRY_PORT" --drain 0s --log-format json
webhook_pid=$LAST_PID
wait_until 10 "$webhook_pid" grep -q '"msg":"ready"' "$WORK/webhook.log" ||
  { cat "$WORK/webhook.log" >&2; die 'the webhook does not start'; }
port=$(logged port ready)
line webhook "ready on 127.0.0.1:$port"

# The captured review names the registry that it was captured with.
review=$WORK/review.json
sed "s/127\.0\.0\.1:5000/127.0.0.1:$REGISTRY_PORT/g" "$ROOT/test/data/reviews/create-pod-by-replicaset.json" >"$review"
# The name that the API server verifies, led to our port; both requests on one connection, as it does. The clock runs
# from when the connection is there: curl's time_pretransfer may be taken when the request is out already.
service=digester-webhook-service.digester-system.svc
ask=(--cacert "$WORK/certs/ca.crt" --connect-to "$service:443:127.0.0.1:$port"
  -H 'Content-Type: application/json' --data-binary "@$review" -w '%{http_code} %{time_appconnect} %{time_total}\n'
  "https://$service/v1/mutate?timeout=10s")
quiet_curl -o "$WORK/first.json" "${ask[@]}" --next -sS --noproxy '*' --max-time 15 \
  -o "$WORK/second.json" "${ask[@]}" >"$WORK/times" || { cat "$WORK/webhook.log" >&2; die 'the webhook does not answer'; }
registry_digest=$(quiet_curl -I -H 'Accept: application/vnd.oci.image.index.v1+json' \
  "http://127.0.0.1:$REGISTRY_PORT/v2/team/web/manifests/1.10" | tr -d '\r' | sed -n 's/^Docker-Content-Digest: //Ip')

# Applies the patch of each answer to the review, as the API server would; writes what the rest of this needs.
python3 - "$WORK" >"$WORK/facts" <<'PY'
import base64, json, shlex, sys
work = sys.argv[1]
request = json.load(open(f"{work}/review.json"))["request"]
images = lambda o: [c["image"] for c in o["spec"]["containers"]]
facts = {"what": "{operation} {kind[kind]}".format(**request),
         "whose": request["object"]["metadata"]["generateName"] + "… of a ReplicaSet",
         "before": images(request["object"])[0]}
for name in ("first", "second"):
    answer = json.load(open(f"{work}/{name}.json"))
    response = answer["response"]
    assert response["uid"] == request["uid"], "the answer is for another request"
    if not response["allowed"]:
        sys.exit(f"refused: {response['status']['message']}")
    patch = json.loads(base64.b64decode(response.get("patch", "W10=")))
    patched = json.loads(json.dumps(request["object"]))
    for operation in patch:
        node, *path = patched, *operation["path"].split("/")[1:]
        for step in path[:-1]:
            node = node[int(step) if isinstance(node, list) else step]
        node[path[-1]] = operation["value"]
    facts[f"{name}_after"] = images(patched)[0]
    facts[f"{name}_patch"] = json.dumps(patch, separators=(",", ":"))
for name, line in zip(("first", "second"), open(f"{work}/times")):
    code, connected, answered = line.split()
    facts[f"{name}_code"], facts[f"{name}_ms"] = code, f"{(float(answered) - float(connected)) * 1000:8.2f} ms"
for line in open(f"{work}/webhook.log"):
    record = json.loads(line)
    for image in record.get("images", []):
        name = "second" if "first_source" in facts else "first"
        if float(facts[f"{name}_ms"].split()[0]) < record["took_ms"]:
            sys.exit(f"measured {facts[f'{name}_ms']}, while the webhook says that it took {record['took_ms']} ms")
        facts[f"{name}_source"], facts[f"{name}_log"] = image["source"], line.strip()
for key, value in facts.items():
    print(f"{key}={shlex.quote(str(value))}")
PY
# shellcheck source=/dev/null
. "$WORK/facts"
# shellcheck disable=SC2154  # set by the line above
{
  heading "An AdmissionReview goes in: $what $whose, captured from a kube-apiserver"
  line 'image' "$before"
  heading 'A JSONPatch comes out'
  line 'patch' "$first_patch"
  line 'image' "$before$GREEN${first_after#"$before"}$PLAIN"
  heading 'The same review twice on one TLS connection, as the API server does: until all of the answer is there'
  line 'first' "$first_ms  from the ${first_source:-?}"
  line 'second' "$second_ms  from the ${second_source:-?}"
  heading 'What the second one left in the log'
  say "  $second_log"
}
heading 'Some metrics'
quiet_curl "http://127.0.0.1:$(logged metrics_port ready)/metrics" |
  grep -E '^digester_(admissions|lookups|registry_requests|cache_(hits|entries))[a-z_]*(_total)?(\{[^}]*\})? [1-9]' |
  head -n 8 | sed 's/^/  /' || true

heading 'The same tag, asked of two'
ours=${first_after##*@}
line registry "$registry_digest"
line digester "$ours"
# shellcheck disable=SC2154  # as above
if [ -z "$registry_digest" ] || [ "$ours" != "$registry_digest" ] || [ "$image@$ours" != "$first_after" ] ||
  [ "$second_after" != "$first_after" ]; then
  die 'The digests differ.'
fi
printf '\n%sThe digests are the same.%s %s(%d ms since the build)%s\n' "$GREEN$BOLD" "$PLAIN" "$DIM" \
  "$(($(now_ms) - built))" "$PLAIN"
