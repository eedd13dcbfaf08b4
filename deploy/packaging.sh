#!/usr/bin/env bash
# Writes man pages and completion scripts into target/packaging, where the Debian package and the release archive take them
# from. The program is $1, or target/dist/vsps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${1:-target/dist/vsps}
folder=target/packaging
rm -rf "$folder"
mkdir -p "$folder"
"$program" man "$folder/man"
"$program" completions bash >"$folder/vsps.bash"
"$program" completions zsh >"$folder/_vsps"
"$program" completions fish >"$folder/vsps.fish"
