#!/usr/bin/env bash
# Prints what it costs to read each format that traces come in, in nanoseconds of processor time a span, beside OTLP/JSON
# of the same spans; then how long a query over many small files of Jaeger JSON takes, and over one large one, with the
# peak memory of each.
# usage: Benchmarks/formats.sh BINARY [SPANS] [FILES]
set -euo pipefail

binary=$1
spans=${2:-200000}
files=${3:-13550}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

python3 - "$binary" "$directory" "$spans" "$files" <<'PYTHON'
import json, os, random, statistics, subprocess, sys, time

binary, directory, spans, files = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
random.seed(1)
SERVICES = ["web", "cart", "checkout", "payment", "stock", "mail"]
START = 1_795_400_000_000_000_000
KINDS = ["internal", "server", "client", "producer", "consumer"]


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def trace(count):
    """Spans of one trace, as tuples of what every format has."""
    trace_id = f"{random.getrandbits(128):032x}"
    result = []
    for index in range(count):
        start = START + random.randrange(3_600_000_000_000) // 1000 * 1000
        result.append({
            "trace": trace_id, "id": f"{random.getrandbits(64) | 1:016x}",
            "parent": result[random.randrange(index)]["id"] if index else None,
            "name": f"GET /api/{random.randrange(40)}", "service": random.choice(SERVICES),
            "kind": random.randrange(5), "start": start, "duration": random.randrange(1, 900_000) * 1000,
            "error": random.random() < 0.02,
            "tags": {"http.method": "GET", "http.status_code": random.choice([200, 201, 404, 500]),
                     "http.url": f"https://shop.example/api/{random.randrange(1000)}", "user.id": f"u{random.randrange(9999)}",
                     "db.system": "postgresql", "net.peer.name": "10.1.2.3"}})
    return result


def otlp_value(value):
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def otlp(group):
    by_service = {}
    for span in group:
        by_service.setdefault(span["service"], []).append({
            "traceId": span["trace"], "spanId": span["id"], **({"parentSpanId": span["parent"]} if span["parent"] else {}),
            "name": span["name"], "kind": span["kind"] + 1, "startTimeUnixNano": str(span["start"]),
            "endTimeUnixNano": str(span["start"] + span["duration"]),
            "attributes": [{"key": key, "value": otlp_value(value)} for key, value in span["tags"].items()],
            "status": {"code": 2} if span["error"] else {}})
    return compact({"resourceSpans": [
        {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
         "scopeSpans": [{"scope": {"name": "lib"}, "spans": list_}]} for service, list_ in by_service.items()]})


def jaeger(group):
    services = sorted({span["service"] for span in group})

    def tag(key, value):
        kind = "bool" if isinstance(value, bool) else "int64" if isinstance(value, int) else "string"
        return {"key": key, "type": kind, "value": value}
    return compact({"traceID": group[0]["trace"], "spans": [
        {"traceID": span["trace"], "spanID": span["id"], "operationName": span["name"],
         "references": [{"refType": "CHILD_OF", "traceID": span["trace"], "spanID": span["parent"]}] if span["parent"] else [],
         "startTime": span["start"] // 1000, "duration": span["duration"] // 1000,
         "tags": [tag(key, value) for key, value in span["tags"].items()] + [tag("span.kind", KINDS[span["kind"]])]
         + ([tag("error", True)] if span["error"] else []),
         "logs": [], "processID": f"p{services.index(span['service'])}", "warnings": None} for span in group],
        "processes": {f"p{index}": {"serviceName": name, "tags": []} for index, name in enumerate(services)}})


def zipkin(group):
    return compact([
        {"traceId": span["trace"], "id": span["id"], **({"parentId": span["parent"]} if span["parent"] else {}),
         "name": span["name"], **({"kind": KINDS[span["kind"]].upper()} if span["kind"] else {}),
         "timestamp": span["start"] // 1000, "duration": span["duration"] // 1000,
         "localEndpoint": {"serviceName": span["service"]},
         "tags": {**{key: str(value) for key, value in span["tags"].items()}, **({"error": "true"} if span["error"] else {})}}
        for span in group])


def when(nanoseconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanoseconds // 10**9)) + f".{nanoseconds % 10**9 // 1000:06d}Z"


def go(group):
    def attribute(key, value):
        return {"Key": key, "Value": {"Type": "INT64" if isinstance(value, int) else "STRING", "Value": value}}

    def context(span, span_id):
        return {"TraceID": span["trace"], "SpanID": span_id, "TraceFlags": "01", "TraceState": "", "Remote": False}
    return "\n".join(compact({
        "Name": span["name"], "SpanContext": context(span, span["id"]),
        "Parent": context(span, span["parent"] or "0" * 16), "SpanKind": span["kind"] + 1,
        "StartTime": when(span["start"]), "EndTime": when(span["start"] + span["duration"]),
        "Attributes": [attribute(key, value) for key, value in span["tags"].items()], "Events": None, "Links": None,
        "Status": {"Code": "Error" if span["error"] else "Unset", "Description": ""},
        "DroppedAttributes": 0, "DroppedEvents": 0, "DroppedLinks": 0, "ChildSpanCount": 0,
        "Resource": [attribute("service.name", span["service"])],
        "InstrumentationScope": {"Name": "lib", "Version": "", "SchemaURL": ""}}) for span in group)


def python(group):
    return "\n".join(json.dumps({
        "name": span["name"], "context": {"trace_id": "0x" + span["trace"], "span_id": "0x" + span["id"], "trace_state": "[]"},
        "kind": "SpanKind." + KINDS[span["kind"]].upper(), "parent_id": "0x" + span["parent"] if span["parent"] else None,
        "start_time": when(span["start"]), "end_time": when(span["start"] + span["duration"]),
        "status": {"status_code": "ERROR" if span["error"] else "UNSET"}, "attributes": span["tags"], "events": [], "links": [],
        "resource": {"attributes": {"service.name": span["service"]}, "schema_url": ""}}, indent=4) for span in group)


def tempo_search(group):
    return compact({"traces": [{
        "traceID": group[0]["trace"], "rootServiceName": "web", "rootTraceName": "GET", "startTimeUnixNano": str(START),
        "durationMs": 5, "spanSets": [{"spans": [
            {"spanID": span["id"], "name": span["name"], "startTimeUnixNano": str(span["start"]),
             "durationNanos": str(span["duration"]),
             "attributes": [{"key": key, "value": otlp_value(value)} for key, value in span["tags"].items()]
             + [{"key": "service.name", "value": {"stringValue": span["service"]}}]} for span in group],
            "matched": len(group)}]}]})


# What a child's peak is said to be is at least what its parent held, so that a small process starts it.
MEASURE = """
import os, subprocess, sys, time
start = time.perf_counter()
with open(sys.argv[1], "wb") as output:
    process = subprocess.Popen(sys.argv[2:], stdout=output, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
print(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024, status)
"""


def run(*arguments):
    """Processor seconds, seconds, peak MB and the output of one run."""
    path = os.path.join(directory, "output")
    measured = subprocess.run([sys.executable, "-c", MEASURE, path, binary, *arguments], capture_output=True, check=True)
    cpu, seconds, memory, status = map(float, measured.stdout.split())
    if status != 0:
        sys.exit(f"{arguments} ended with status {status}")
    with open(path, "rb") as output:
        return cpu, seconds, memory, output.read()


def count(output):
    return json.loads(output)["spans"]


traces = [trace(10) for _ in range(spans // 10)]
writers = [("OTLP JSON", otlp), ("Jaeger JSON", jaeger), ("Zipkin JSON", zipkin), ("Go stdouttrace", go),
           ("Python console", python), ("Tempo search", tempo_search)]
empty = os.path.join(directory, "empty.json")
with open(empty, "w") as file:
    file.write("{}\n")
start_up = min(run("spanmetrics", empty)[0] for _ in range(9))
print(f"{'format':<16} {'MB':>6} {'ns/span':>8} {'ns/byte':>8} {'beside OTLP JSON':>17} {'peak MB':>8}")
reference = None
for name, writer in writers:
    path = os.path.join(directory, "input")
    with open(path, "w") as file:
        for group in traces:
            file.write(writer(group) + "\n")
    size = os.path.getsize(path)
    found = count(run("spanmetrics", path)[3])
    if found != len(traces) * 10:
        sys.exit(f"{name}: {found} spans of {len(traces) * 10}")
    measured = [run("spanmetrics", "--threads", "1", "-o", "/dev/null", path) for _ in range(7)]
    cpu = statistics.median(one[0] for one in measured) - start_up
    reference = reference or cpu
    print(f"{name:<16} {size / 1e6:6.0f} {cpu / found * 1e9:8.0f} {cpu / size * 1e9:8.2f} {cpu / reference:16.2f}x "
          f"{max(one[2] for one in measured):8.0f}")
    os.remove(path)

many = os.path.join(directory, "many")
os.mkdir(many)
size = 0
documents = []
for number in range(files):
    text = '{"data":[' + jaeger(trace(45)) + "]}\n"
    size += len(text)
    documents.append(text[9:-3])
    with open(os.path.join(many, f"{number:05d}.json"), "w") as file:
        file.write(text)
large = os.path.join(directory, "large.json")
with open(large, "w") as file:
    file.write('{"data":[' + ",".join(documents) + "]}\n")
del documents
for name, path in [(f"{files} files", many), ("one document", large)]:
    measured = [run("traceql", "{ status = error }", "-n", "20", path) for _ in range(5)]
    print(f"traceql, Jaeger JSON, {size / 1e6:.0f} MB, {name}: {statistics.median(one[1] for one in measured):.2f} s, "
          f"{statistics.median(one[0] for one in measured):.2f} s of processor time, "
          f"{max(one[2] for one in measured):.0f} MB")
PYTHON
