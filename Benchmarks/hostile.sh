#!/usr/bin/env bash
# Feeds ongrid spanmetrics what nobody should send (a million distinct names, values of 10 MB, broken UTF-8, impossible
# times, zero ids) and checks that totals are right, memory is bounded and the output can be parsed.
# usage: Benchmarks/hostile.sh BINARY [SPANS]
set -euo pipefail

binary=$1
spans=${2:-1000000}
cd "$(dirname "$0")/.."
python=python3
[ ! -x .venv/bin/python ] || python=.venv/bin/python
exec "$python" - "$binary" "$spans" <<'PYTHON'
import json, os, shutil, struct, subprocess, sys, tempfile

binary, spans = sys.argv[1], int(sys.argv[2])
LIMIT = 100_000  # series, the command's default


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def fixed(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", value)


def attribute(key, value):
    return field(1, key) + field(2, field(1, value))


def span(name, start=1, end=2, trace=b"\1" * 16, identity=b"\2" * 8, kind=2, attributes=(), more=b""):
    return (field(1, trace) + field(2, identity) + field(5, name) + varint(6 << 3) + varint(kind) + fixed(7, start)
            + fixed(8, end) + b"".join(field(9, attribute(key, value)) for key, value in attributes) + more)


def request(service, list):
    body = field(1, field(1, field(1, attribute(b"service.name", service)))
                 + field(2, b"".join(field(2, one) for one in list)))
    return struct.pack(">I", len(body)) + body


def nested(depth):
    value = field(1, b"x")
    for _ in range(depth):
        value = field(5, field(1, value))
    return field(9, field(1, b"deep") + field(2, value))


huge = bytes(range(256)) * 40960  # 10 MiB, most of it no UTF-8
last = 2**64 - 1
odd = [
    span(b"end before start", 10**18, 1), span(b"far future", last - 5, last), span(b"longest", 0, last),
    span(b"zero ids", trace=bytes(16), identity=bytes(8)), span(b"no ids", trace=b"", identity=b""),
    span(b"\xff\xfe\xc3"), span(b"\xed\xa0\x80"), span(b""), span(b"\0"), span(b'"\\\n\r\t{}#'), span(huge),
    span(b"kind", kind=2**31 - 1), span(b"status", more=field(15, field(2, huge) + b"\x18\x63")), span(b"deep", more=nested(60)),
]


def requests():
    """Each request and how many spans it has."""
    for number in range(30):
        yield request(b"huge", [span(b"huge", attributes=[(b"big", huge), (b"n", b"%d" % number)])]), 1
    for _ in range(3):
        yield request(b"odd \xff", odd), len(odd)
    for number in range(2000):
        yield request(b"service %d" % number, [span(b"x")]), 1
    for start in range(0, spans, 500):
        count = min(500, spans - start)
        yield request(b"names", [span(b"%d of a million names" % number, attributes=[(b"n", b"%d" % number)], kind=3,
                                      identity=struct.pack(">Q", number + 1))
                                 for number in range(start, start + count)]), count


def run(arguments):
    process = subprocess.Popen(
        [binary, "spanmetrics", "-d", "big", "-d", "n", "-d", "deep", "--status-message", "--service-graph",
         "--target-info", "--exemplars", "--size", "total", "--quiet"] + arguments)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"ongrid {arguments}: status {status}")
    return usage.ru_maxrss / 1024


def check(name, holds):
    print(f"  {'ok' if holds else 'FAILED'}: {name}")
    if not holds:
        sys.exit(1)


def lines(path, prefix):
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            if line.startswith(prefix):
                yield float(line.split(" # ")[0].rsplit(" ", 1)[1])


with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "hostile.otlp")
    total = 0
    with open(path, "wb") as file:
        for body, count in requests():
            file.write(body)
            total += count
    print(f"{total:,} spans, {os.path.getsize(path) / 1e6:.0f} MB")
    for threads in ["1", "2"]:
        out = {name: os.path.join(directory, name) for name in ["json", "prometheus", "openmetrics"]}
        for format, target in out.items():
            memory = run(["--threads", threads, "-f", format, "-o", target, path])
            print(f"{format}, {threads} threads: peak {memory:.0f} MB, {os.path.getsize(target) / 1e6:.0f} MB written")
            # A series of up to 2 KiB of labels, counters and exemplars, twice while threads are put together.
            check("memory is bounded", memory < 100 + 200 * int(threads))
        with open(out["json"], encoding="utf-8") as file:
            document = json.load(file)
        check("JSON: all spans are counted", document["spans"] == total
              and sum(series["calls"] for series in document["span_metrics"]) == total)
        check("JSON: series are bounded", len(document["span_metrics"]) <= LIMIT + 1)
        check("JSON: sums are numbers", all(0 <= series["latency"]["sum"] < 1e15 for series in document["span_metrics"]))
        del document
        for format in ["prometheus", "openmetrics"]:
            check(f"{format}: all spans are counted",
                  sum(lines(out[format], "traces_spanmetrics_calls_total{")) == total
                  and sum(lines(out[format], "traces_spanmetrics_latency_count{")) == total)
    if shutil.which("promtool"):
        with open(out["prometheus"], "rb") as file:
            check("promtool check metrics", subprocess.run(["promtool", "check", "metrics"], stdin=file).returncode == 0)
    if shutil.which("jq"):
        with open(out["json"], "rb") as file:
            check("jq", subprocess.run(["jq", "-e", ".spans > 0"], stdin=file, stdout=subprocess.DEVNULL).returncode == 0)
    try:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    except ImportError:
        print("  prometheus_client is not installed: OpenMetrics was not parsed")
    else:
        with open(out["openmetrics"], encoding="utf-8", newline="\n") as file:
            families = {family.name for family in text_string_to_metric_families(file.read())}
        check("prometheus_client parses OpenMetrics", "traces_spanmetrics_latency" in families)
PYTHON
