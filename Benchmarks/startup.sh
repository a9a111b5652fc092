#!/usr/bin/env bash
# Prints how long ongrid takes from start to end where it does next to nothing, and how large the binary is. Wall time
# depends on what else the machine does; CPU time hardly does.
# usage: Benchmarks/startup.sh BINARY
set -euo pipefail

binary=$1
rule=$(mktemp)
trap 'rm -f "$rule"' EXIT
echo '{"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api","threshold_ms":800}}' >"$rule"

python3 - "$binary" "$rule" <<'PYTHON'
import os, statistics, sys, time

binary, rule = sys.argv[1:]
sink = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]

def measure(name, arguments):
    wall, cpu = [], []
    for _ in range(301):
        start = time.perf_counter()
        child = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=sink)
        _, status, usage = os.wait4(child, 0)
        wall.append((time.perf_counter() - start) * 1000)
        cpu.append((usage.ru_utime + usage.ru_stime) * 1000)
        assert status == 0, (arguments, status)
    median = statistics.median
    print(f"{name:20} {min(wall):6.2f} ms best, {median(wall):6.2f} ms median, {median(cpu):6.2f} ms of CPU")

measure("(true)", ["/bin/true"])
measure("ongrid --help", [binary, "--help"])
measure("ongrid compile-rule", [binary, "compile-rule", rule])
print(f"binary               {os.path.getsize(binary) / 1e6:6.2f} MB")
print("targets              5 ms or less, 15 MB or less")
PYTHON
