#!/bin/bash
# A benchmark in parts on the processors of one machine, with GNU parallel, which may also start them over ssh
# (`--sshlogin`). What `parallel` is given after the script's own two arguments goes to `vsps bench`.
#
#   deploy/slurm/parallel.sh PARTS FOLDER --profile 3g --abr bola --seeds 1..10000
set -euo pipefail

parts=${1:?how many parts} folder=${2:?the folder of the results}
shift 2
program=${VSPS_BIN:-vsps}
# moreutils has another program of this name.
if ! parallel --version 2>/dev/null | grep --quiet '^GNU'; then
    echo "install GNU parallel (Debian: parallel)" >&2
    exit 2
fi
mkdir -p "$folder"
seq "$parts" | parallel --halt now,fail=1 --jobs "${JOBS:-100%}" \
    "$program" bench "${@@Q}" --threads 1 --shard "{}/$parts" --json "$folder/part-{}.json" ">$folder/part-{}.txt"
"$program" bench merge "$folder"/part-*.json -o "$folder/all.json"
