#!/usr/bin/env bash
# Prints how long ongrid traceql takes over a file of traces: time and CPU per query, with two threads and with one.
# usage: Benchmarks/traceql.sh BINARY [SPANS]
set -euo pipefail

binary=$1
spans=${2:-500000}
cd "$(dirname "$0")/.."
swift build -c release --static-swift-stdlib --product ongrid-bench >&2
generator=$(swift build -c release --static-swift-stdlib --show-bin-path)/ongrid-bench
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$generator" generate --spans "$spans" --output "$directory/spans.otlp"

python3 - "$binary" "$directory/spans.otlp" "$spans" <<'PYTHON'
import os, subprocess, sys, time

binary, path, spans = sys.argv[1], sys.argv[2], int(sys.argv[3])


def run(query, threads):
    """Seconds, CPU seconds and peak MB of one run."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [binary, "traceql", query, "--from", path, "--threads", str(threads)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"ongrid ended with status {status}: {query}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


queries = [
    ('{ resource.service.name = "payments" && duration > 800ms }', 0.10),
    ('{ span.http.response.status_code = 500 }', None),
    ('{ name =~ "POST /v1/.*" }', None),
    ('{ resource.service.name = "checkout" } >> { status = error }', 0.25),
    ('{ status = error } | by(resource.service.name) | count() > 2', None),
    ('{ rootServiceName = "web" && traceDuration > 1s }', None),
    ('{ } | rate() by (resource.service.name)', 0.15),
    ('{ kind = server } | quantile_over_time(duration, .5, .99) by (name)', None),
]
print(f"{spans:,} spans, {os.path.getsize(path) / 1e6:.0f} MB of protobuf; best of 7 runs")
print(f"{'2 threads':>10} {'1 thread':>9} {'CPU':>8} {'memory':>8}")
for query, target in queries:
    two = list(zip(*(run(query, 2) for _ in range(7))))
    one = list(zip(*(run(query, 1) for _ in range(7))))
    note = f"  (target: {target:.2f} s)" if target else ""
    print(f"{min(two[0]):8.3f} s {min(one[0]):7.3f} s {min(one[1]):6.3f} s {max(two[2]):5.0f} MB  {query}{note}")
PYTHON
