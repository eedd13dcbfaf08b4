#!/usr/bin/env python3
"""A rate-based algorithm: the highest bitrate below the harmonic mean of the last five downloads.

    vsps bench --profile 3g --abr throughput,"cmd:python3 examples/abr/harmonic.py"

The first line of standard input describes the session. Each further line is a finished download, and is
answered with one line. The program ends when its input does.
"""

import json
import sys

SAMPLES = 5


def main():
    setup = json.loads(sys.stdin.readline())
    bitrates = [rendition["bandwidth"] for rendition in setup["ladder"]]
    rates = []
    for line in sys.stdin:
        download = json.loads(line)
        if not download["abandoned"]:
            rates.append(8000 * download["bytes"] / download["total_ms"])
            del rates[:-SAMPLES]
        estimate = len(rates) / sum(1 / rate for rate in rates)
        fitting = [index for index, bitrate in enumerate(bitrates) if bitrate <= estimate]
        answer = {"rendition": max(fitting, default=0), "estimate_bps": estimate}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
