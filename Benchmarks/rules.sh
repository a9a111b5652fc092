#!/usr/bin/env bash
# Prints how long ongrid compile-rule takes for ten thousand rules of all kinds and for one.
# usage: Benchmarks/rules.sh BINARY
set -euo pipefail

python3 - "$1" <<'PYTHON'
import json, os, statistics, subprocess, sys, tempfile, time

binary = sys.argv[1]


def rule(index):
    service = f"service-{index}"
    kind, conditions = [
        ("trace_latency", {"service": service, "operation": f"GET /items/{index}", "quantile": "p95", "window": "5m",
                           "threshold_ms": 100 + index % 8000}),
        ("trace_error_rate", {"service": service, "window": "5m", "operator": ">", "threshold_pct": 1.5}),
        ("trace_call_rate", {"service": service, "operator": "<", "threshold_per_second": 0.5}),
        ("trace_slo", {"service": service, "objective_pct": 99.9}),
        ("traceql_metrics", {"query": f'{{ resource.service.name = "{service}" && status = error }} | rate()',
                             "threshold": 0.5}),
    ][index % 5]
    # Half of them as the string that a database column holds.
    held = json.dumps(conditions) if index % 4 < 2 else conditions
    return {"kind": kind, "rule_key": f"rule_{index}", "scope_type": "global", "severity": "warning",
            "for_seconds": 300, "labels": {"team": "payments"}, "conditions_json": held}


def milliseconds(arguments, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([binary, "compile-rule"] + arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append((time.perf_counter() - start) * 1000)
    return f"{statistics.median(times):8.1f} ms median, {min(times):8.1f} ms best"


with tempfile.TemporaryDirectory() as directory:
    def write(name, text):
        path = os.path.join(directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    many = write("many.json", "\n".join(json.dumps(rule(index)) for index in range(10_000)))
    one = write("one.json", json.dumps(rule(0)))
    size = os.path.getsize(many) / 1e6
    print(f"lint 10,000 rules of all kinds ({size:.1f} MB)      {milliseconds(['--check', many], 11)} (target: 200 ms)")
    print(f"compile 10,000 rules              {milliseconds([many], 11)}")
    print(f"10,000 rules to a Prometheus file {milliseconds(['--format', 'prometheus', many], 11)}")
    print(f"compile one rule                  {milliseconds([one], 101)} (target: 5 ms)")
PYTHON
