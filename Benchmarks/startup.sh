#!/usr/bin/env bash
# Prints how long ongrid takes from start to end where it does next to nothing, and how large the binary is.
# usage: Benchmarks/startup.sh BINARY
set -euo pipefail

binary=$1
rule='{"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api","threshold_ms":800}}'

python3 - "$binary" "$rule" <<'PYTHON'
import os, statistics, subprocess, sys, time

binary, rule = sys.argv[1:]

def median_ms(arguments, text):
    times = []
    for _ in range(201):
        start = time.perf_counter()
        with open(os.devnull, "w") as sink:
            process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=sink, stderr=sink)
            process.communicate(text.encode())
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), min(times)

base = median_ms(["/bin/true"], "")
print(f"/bin/true            {base[0]:6.2f} ms median, {base[1]:6.2f} ms best (the cost of measuring)")
for name, arguments, text in [("ongrid --help", ["--help"], ""), ("ongrid compile-rule", ["compile-rule"], rule)]:
    median, best = median_ms([binary] + arguments, text)
    print(f"{name:20} {median:6.2f} ms median, {best:6.2f} ms best (target: 5 ms)")
print(f"binary               {os.path.getsize(binary) / 1e6:6.2f} MB (target: 15 MB)")
PYTHON
