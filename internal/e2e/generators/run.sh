#!/usr/bin/env bash
#
# Generates a client from the document that is meant for it (rowgate openapi --profile client) with each of six generators, compiles
# it, and has the program beside this file write rows, search, diagnose, read a job and read a problem with it, against
# `rowgate demo`, which the script starts.
#
#   internal/e2e/generators/run.sh            # all of them
#   internal/e2e/generators/run.sh ogen java  # these
#
# It needs Go and curl; a generator whose own tool is missing is skipped with a line: java and mvn for java, java, mvn and node, npm
# for typescript-fetch, java, mvn and python3 for python, python3 for openapi-python-client. The generators and the libraries of the
# clients come from their registries at the versions below and in the files beside this one. Nothing is written into the tree.
# It takes five to ten minutes on two cores and downloads much the first time, so CI does not run it.
set -euo pipefail

readonly openapi_generator_version=7.25.0
readonly start_seconds=60  # for the service to print its address
readonly client_seconds=60 # for one client's calls
readonly all=(oapi-codegen ogen openapi-python-client python typescript-fetch java)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
document=$work/client.json
readonly here work document

service=
finish() {
  [[ -z $service ]] || kill "$service" 2>/dev/null || true
  rm -rf "$work" 2>/dev/null || { chmod -R u+w "$work" && rm -rf "$work"; }
}
trap finish EXIT

# serve starts the service with its simulator; url and key are then what a client needs.
serve() {
  (cd "$here/../../.." && go build -o "$work/rowgate" ./cmd/rowgate)
  "$work/rowgate" openapi --profile client >"$document"
  "$work/rowgate" demo >"$work/demo.log" 2>&1 &
  service=$!
  local waited
  for ((waited = 0; waited < start_seconds * 10; waited++)); do
    grep -q Ctrl-C "$work/demo.log" && break
    sleep 0.1
  done
  url=$(sed -n 's|^curl \(http://[^/]*\)/.*|\1|p' "$work/demo.log")
  local headers=() header
  while read -r header; do
    headers+=(-H "$header")
  done < <(grep -A2 '^curl ' "$work/demo.log" | grep -o "'[A-Z][A-Za-z-]*: [^']*'" | tr -d "'")
  key=$(curl -fsS "$url/v1/connections" "${headers[@]}" -H 'Content-Type: application/json' -d '{}' | grep -o 'rgk_[^"]*')
}

# place NAME copies what is beside this file for a generator to where its client is built.
place() {
  cp -r "$here/$1" "$work/$1"
  cd "$work/$1"
}

# openapi_generator NAME DIRECTORY [OPTION...] generates the client of one of openapi-generator's languages.
openapi_generator() {
  local name=$1 directory=$2
  shift 2
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -DoutputDirectory="$work/jar" \
    -Dartifact="org.openapitools:openapi-generator-cli:$openapi_generator_version"
  java -jar "$work/jar/openapi-generator-cli-$openapi_generator_version.jar" generate -i "$document" -g "$name" -o "$directory" \
    --global-property models,apis,supportingFiles,modelTests=false,apiTests=false,modelDocs=false,apiDocs=false "$@"
}

needs_of() {
  case $1 in
  java) echo java mvn ;;
  typescript-fetch) echo java mvn node npm ;;
  python) echo java mvn python3 ;;
  openapi-python-client) echo python3 ;;
  *) echo go ;;
  esac
}

# client NAME generates, compiles and runs a client.
client() {
  local run=(timeout "$client_seconds")
  place "$1"
  case $1 in
  oapi-codegen)
    mkdir rowgate
    go tool oapi-codegen -generate types,client -package rowgate -o rowgate/client.go "$document"
    go build -o client .
    "${run[@]}" ./client "$url" "$key"
    ;;
  ogen)
    go tool ogen --target rowgate --package rowgate "$document"
    go build -o client .
    "${run[@]}" ./client "$url" "$key"
    ;;
  openapi-python-client)
    python3 -m venv venv
    venv/bin/pip install -q --disable-pip-version-check -r requirements.txt
    PATH=$PWD/venv/bin:$PATH openapi-python-client generate --path "$document" --meta none --output-path rowgate
    venv/bin/python -m compileall -q rowgate
    "${run[@]}" venv/bin/python main.py "$url" "$key"
    ;;
  python)
    openapi_generator python generated
    python3 -m venv venv
    venv/bin/pip install -q --disable-pip-version-check ./generated
    "${run[@]}" venv/bin/python main.py "$url" "$key"
    ;;
  typescript-fetch)
    openapi_generator typescript-fetch rowgate
    npm install --no-package-lock --no-audit --no-fund --silent
    node_modules/.bin/tsc
    "${run[@]}" node built/main.js "$url" "$key"
    ;;
  java)
    openapi_generator java generated
    mv Main.java generated/src/main/java/
    cd generated
    mvn -q -B compile
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath -Dmdep.outputFile=classpath
    "${run[@]}" java -cp "target/classes:$(<classpath)" Main "$url" "$key"
    ;;
  esac
}

if (($# > 0)); then names=("$@"); else names=("${all[@]}"); fi
for name in "${names[@]}"; do
  [[ " ${all[*]} " == *" $name "* ]] || { echo "$name is none of: ${all[*]}" >&2; exit 2; }
done
serve
passed=0 failed=0 skipped=0
for name in "${names[@]}"; do
  for needed in $(needs_of "$name"); do
    command -v "$needed" >/dev/null || { echo "skipped $name: $needed is missing"; skipped=$((skipped + 1)); continue 2; }
  done
  start=$SECONDS
  set +e
  (set -e; client "$name") >"$work/$name.log" 2>&1 </dev/null
  code=$?
  set -e
  if ((code == 0)); then
    passed=$((passed + 1))
    echo "ok $name: $(tail -n 1 "$work/$name.log" | sed 's/\x1b\[[0-9;]*m//g') ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "FAILED $name ($code):"
    tail -n 40 "$work/$name.log"
  fi
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
