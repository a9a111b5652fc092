#!/usr/bin/env bash
# Prints what ongrid spanmetrics costs: CPU per span, throughput, peak memory, and how two threads scale.
# usage: Benchmarks/spanmetrics.sh BINARY [SPANS]
set -euo pipefail

binary=$1
spans=${2:-1000000}
cd "$(dirname "$0")/.."
swift build -c release --static-swift-stdlib --product ongrid-bench >&2
generator=$(swift build -c release --static-swift-stdlib --show-bin-path)/ongrid-bench
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

"$generator" generate --spans "$spans" --output "$directory/spans.otlp"
"$generator" generate --spans "$spans" --format json --output "$directory/spans.jsonl"

python3 - "$binary" "$generator" "$directory" "$spans" <<'PYTHON'
import os, statistics, subprocess, sys, time

binary, generator, directory, spans = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def run(arguments, stdin=subprocess.DEVNULL):
    """CPU seconds, seconds and peak MB of one run."""
    start = time.perf_counter()
    process = subprocess.Popen([binary, "spanmetrics", "-o", "/dev/null"] + arguments, stdin=stdin)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"ongrid ended with status {status}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


def several(arguments, times=7):
    return list(zip(*(run(arguments) for _ in range(times))))


for name, file, target in [("protobuf", "spans.otlp", 0.15), ("JSON", "spans.jsonl", 0.70)]:
    path = os.path.join(directory, file)
    size = os.path.getsize(path)
    cpu, wall, memory = several(["--threads", "1", path])
    print(f"{name}: {spans:,} spans, {size / 1e6:.0f} MB, {size / spans:.0f} bytes a span with its resource")
    print(f"  1 thread   {min(cpu) / spans * 1e6:6.3f} us of CPU a span best, "
          f"{statistics.median(cpu) / spans * 1e6:6.3f} median (target: {target:.2f}), "
          f"{size / min(wall) / 1e9:5.2f} GB/s, peak {max(memory):5.1f} MB (target: 32)")
    _, wall2, memory2 = several(["--threads", "2", path])
    print(f"  2 threads  {min(wall) / min(wall2):6.2f} times as fast (target: 1.8), "
          f"{size / min(wall2) / 1e9:5.2f} GB/s, peak {max(memory2):5.1f} MB")
    for label, extra in [("service graph", ["--service-graph"]), ("two dimensions", ["-d", "http.route", "-d", "http.response.status_code"]),
                         ("filter", ["--filter", "{ kind = server }"])]:
        cpu, _, memory = several(["--threads", "1"] + extra + [path], 3)
        print(f"  {label:15} {min(cpu) / spans * 1e6:6.3f} us of CPU a span, peak {max(memory):5.1f} MB")

many = spans * 4
producer = subprocess.Popen([generator, "generate", "--spans", str(many)], stdout=subprocess.PIPE)
_, _, memory = run([], stdin=producer.stdout)
print(f"{many:,} spans through a pipe: peak {memory:5.1f} MB (target: 32)")
PYTHON
