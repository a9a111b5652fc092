#!/usr/bin/env bash
# Prints how long ongrid traceql takes over a file of traces, beside DuckDB asked the same over the same spans in Parquet:
# whole processes on two threads, medians of runs that alternate, then processor time and memory of ongrid.
# usage: Benchmarks/traceql.sh BINARY [SPANS [OTHER_BINARY]]     (another ongrid is measured in DuckDB's place)
set -euo pipefail

binary=$1
spans=${2:-500000}
other=${3:-}
cd "$(dirname "$0")/.."
generator=${ONGRID_BENCH:-}
if [ -z "$generator" ]; then
  swift build -c release --static-swift-stdlib --product ongrid-bench >&2
  generator=$(swift build -c release --static-swift-stdlib --show-bin-path)/ongrid-bench
fi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$generator" generate --spans "$spans" --output "$directory/spans.otlp"
"$generator" generate --spans "$spans" --format json --output "$directory/spans.jsonl"
"$generator" generate --spans "$spans" --format csv --output "$directory/spans.csv"

# DuckDB lives in an environment of this benchmark's own.
environment=.build/bench-python
if [ -z "$other" ] && ! "$environment/bin/python" -c 'import duckdb' 2>/dev/null; then
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input duckdb </dev/null
fi

python3 - "$binary" "$directory" "$spans" "$environment/bin/python" "$other" <<'PYTHON'
import os, statistics, subprocess, sys, time

binary, directory, spans, python, other = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
columns = "trace_id,span_id,parent_id,service,name,kind,start,duration,status,http_status"
if not other:
    subprocess.run([python, "-c", f"""
import duckdb
duckdb.sql("COPY (SELECT * FROM read_csv('{directory}/spans.csv', header=false, names={columns.split(',')!r})) "
           "TO '{directory}/spans.parquet' (FORMAT parquet)")
"""], check=True)


def run(command):
    """Seconds, CPU seconds and peak MB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"status {status}: {command}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def ours(query, file="spans.otlp", program=binary, threads=2):
    return [program, "traceql", query, "--from", f"{directory}/{file}", "--threads", str(threads), "--quiet"]


def duck(sql):
    return [python, "-c", f"""
import duckdb
c = duckdb.connect(); c.sql('SET threads=2'); c.sql("CREATE VIEW s AS SELECT * FROM '{directory}/spans.parquet'")
print(len(c.sql({sql!r}).fetchall()))"""]


SHOWN = "SELECT trace_id, min(start), max(start + duration) - min(start), count(*) FROM s WHERE trace_id IN (%s) GROUP BY 1 ORDER BY 2 DESC LIMIT 20"
queries = [
    ('{ resource.service.name = "payments" && duration > 800ms }',
     SHOWN % "SELECT trace_id FROM s WHERE service = 'payments' AND duration > 800000000"),
    ('{ span.http.response.status_code = 500 }', SHOWN % "SELECT trace_id FROM s WHERE http_status = 500"),
    ('{ name =~ "POST /v1/.*" }', SHOWN % "SELECT trace_id FROM s WHERE regexp_full_match(name, 'POST /v1/.*')"),
    ('{ event:name = "exception" }', None),
    ('{ resource.service.name = "checkout" } >> { status = error }',
     """WITH RECURSIVE below AS (
          SELECT trace_id, span_id, status FROM s WHERE service = 'checkout'
          UNION SELECT s.trace_id, s.span_id, s.status FROM s JOIN below b ON s.trace_id = b.trace_id AND s.parent_id = b.span_id)
        SELECT DISTINCT trace_id FROM below WHERE status = 2 LIMIT 20"""),
    ('{ status = error } | by(resource.service.name) | count() > 2',
     "SELECT trace_id, service, count(*) FROM s WHERE status = 2 GROUP BY 1, 2 HAVING count(*) > 2 LIMIT 20"),
    ('{ rootServiceName = "web" && traceDuration > 1s }',
     """SELECT trace_id FROM s GROUP BY 1 HAVING max(start + duration) - min(start) > 1000000000
        AND max(CASE WHEN parent_id = 0 THEN service END) = 'web' LIMIT 20"""),
    ('{ } | rate() by (resource.service.name)',
     "SELECT service, start // 60000000000, count(*) / 60.0 FROM s GROUP BY 1, 2"),
    ('{ kind = server } | quantile_over_time(duration, .5, .99) by (name)',
     "SELECT name, start // 60000000000, quantile_cont(duration, [0.5, 0.99]) FROM s WHERE kind = 2 GROUP BY 1, 2"),
    ('{ kind = server } | compare({ status = error })', None),
]
size = os.path.getsize(f"{directory}/spans.otlp") / 1e6
print(f"{spans:,} spans, {size:.0f} MB of protobuf; medians of 7 runs in turn, two threads")
beside = "other" if other else "DuckDB"
print(f"{'ongrid':>9} {beside:>9} {'ratio':>6} {'CPU':>8} {beside + ' CPU':>11} {'memory':>8}")
for query, sql in queries + [("JSON input: { status = error }", "json")]:
    command = ours("{ status = error }", "spans.jsonl") if sql == "json" else ours(query)
    if other:
        rival = [other] + command[1:]
    else:
        rival = duck(sql) if sql and sql != "json" else None
    mine, theirs = [], []
    for _ in range(7):
        mine.append(run(command))
        if rival:
            theirs.append(run(rival))
    m = [statistics.median(column) for column in zip(*mine)]
    if theirs:
        t = [statistics.median(column) for column in zip(*theirs)]
        print(f"{m[0]:7.3f} s {t[0]:7.3f} s {m[0] / t[0]:6.2f} {m[1]:6.3f} s {t[1]:9.3f} s {m[2]:5.0f} MB  {query}", flush=True)
    else:
        print(f"{m[0]:7.3f} s {'-':>9} {'-':>6} {m[1]:6.3f} s {'-':>11} {m[2]:5.0f} MB  {query}", flush=True)
PYTHON
