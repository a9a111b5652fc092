#!/usr/bin/env bash
# Prints what ongrid spanmetrics costs: CPU per span, throughput, peak memory, and how two threads scale, beside the
# most that two processors of this machine can: two processes side by side, each with the whole input. Where the system
# allows it, runs have real-time priority, so that other work on the machine does not show in the figures.
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
import os, shutil, statistics, subprocess, sys, time

binary, generator, directory, spans = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def priority():
    """What to put before a command so that it has real-time priority."""
    command = ["chrt", "--fifo", "1"]
    if shutil.which("chrt") and subprocess.run(command + ["true"], stderr=subprocess.DEVNULL).returncode == 0:
        return command
    return []


first = priority()


def run(arguments, stdin=subprocess.DEVNULL, copies=1):
    """CPU seconds of all, seconds until the last ended, and peak MB of one, of several runs side by side."""
    start = time.perf_counter()
    processes = [subprocess.Popen(first + [binary, "spanmetrics", "-o", "/dev/null"] + arguments, stdin=stdin)
                 for _ in range(copies)]
    cpu = memory = 0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"ongrid ended with status {status}")
        cpu += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss / 1024)
    return cpu, time.perf_counter() - start, memory


def several(arguments, times=7):
    return list(zip(*(run(arguments) for _ in range(times))))


def scaling(path, times=7):
    """How much faster two threads are than one, best and median of pairs; the same of two processes side by side; and
    what share of CPU time two threads need more than one."""
    threads, ceiling, extra = [], [], []
    for _ in range(times):
        one = run(["--threads", "1", path])
        two = run(["--threads", "2", path])
        both = run(["--threads", "1", path], copies=2)
        threads.append((one[1], two[1]))
        ceiling.append((one[1], both[1]))
        extra.append((one[0], two[0]))
    def best(pairs):
        return min(a for a, _ in pairs) / min(b for _, b in pairs)
    return (best(threads), statistics.median(a / b for a, b in threads), 2 * best(ceiling), 1 / best(extra) - 1, threads)


for name, file, target in [("protobuf", "spans.otlp", 0.15), ("JSON", "spans.jsonl", 0.70)]:
    path = os.path.join(directory, file)
    size = os.path.getsize(path)
    cpu, wall, memory = several(["--threads", "1", path])
    print(f"{name}: {spans:,} spans, {size / 1e6:.0f} MB, {size / spans:.0f} bytes a span with its resource")
    print(f"  1 thread   {min(cpu) / spans * 1e6:6.3f} us of CPU a span best, "
          f"{statistics.median(cpu) / spans * 1e6:6.3f} median (target: {target:.2f}), "
          f"{size / min(wall) / 1e9:5.2f} GB/s, peak {max(memory):5.1f} MB (target: 32)")
    best, median, ceiling, extra, pairs = scaling(path)
    print(f"  2 threads  {best:6.2f} times as fast best, {median:6.2f} median (target: 1.8), "
          f"{size / min(two for _, two in pairs) / 1e9:5.2f} GB/s, {extra:+.1%} CPU")
    print(f"  two processes side by side: {ceiling:.2f} times as much as one")
    for label, extra in [("service graph", ["--service-graph"]), ("two dimensions", ["-d", "http.route", "-d", "http.response.status_code"]),
                         ("filter", ["--filter", "{ kind = server }"])]:
        cpu, _, memory = several(["--threads", "1"] + extra + [path], 3)
        print(f"  {label:15} {min(cpu) / spans * 1e6:6.3f} us of CPU a span, peak {max(memory):5.1f} MB")

many = spans * 4
producer = subprocess.Popen([generator, "generate", "--spans", str(many)], stdout=subprocess.PIPE)
_, _, memory = run([], stdin=producer.stdout)
print(f"{many:,} spans through a pipe: peak {memory:5.1f} MB (target: 32)")

# A page and a push of 100,000 series, by a process that follows; the receiver takes everything and looks at nothing.
import http.server, json, re, signal, threading, urllib.request

series = os.path.join(directory, "series.jsonl")
now = time.time_ns()
with open(series, "w") as out:
    for service in range(1000):
        made = [{"traceId": "%032x" % (service * 1000 + i + 1), "spanId": "%016x" % (i + 1), "kind": 2 + i % 2,
                 "name": "GET /api/v1/resource-%d/item" % (i // 2), "startTimeUnixNano": str(now - 1000000 * (i + 1)),
                 "endTimeUnixNano": str(now)} for i in range(100)]
        name = {"key": "service.name", "value": {"stringValue": "service-%05d" % service}}
        out.write(json.dumps({"resourceSpans": [{"resource": {"attributes": [name]}, "scopeSpans": [{"spans": made}]}]}) + "\n")

pushed = {"requests": 0, "bytes": 0, "last": 0.0}
lock = threading.Lock()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = len(self.rfile.read(int(self.headers["content-length"])))
        with lock:
            pushed["requests"] += 1
            pushed["bytes"] += length
            pushed["last"] = time.perf_counter()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()


def following(arguments):
    process = subprocess.Popen([binary, "spanmetrics", "--follow", "--max-age", "0", "--listen", "127.0.0.1:0", *arguments, series],
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "serving" in line:
            break
    return process, "http://" + line.split()[-1] + "/metrics"


def resident(process):
    return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1]) / 1024


def scrape(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    start = time.perf_counter()
    body = urllib.request.urlopen(request).read()
    return time.perf_counter() - start, len(body)


process, url = following(["--interval", "1h"])
while scrape(url)[1] < 5_000_000:
    time.sleep(0.5)
time.sleep(1.5)
seconds, size = scrape(url)
print(f"100,000 series: scrape {seconds:5.2f} s (target: 1), {size / 1e6:5.1f} MB gzip (target: 12), "
      f"peak {resident(process):5.0f} MB (target: 150)")
process.send_signal(signal.SIGTERM)
process.communicate()

process, url = following(["--interval", "6s", "--remote-write", f"http://127.0.0.1:{receiver.server_port}"])
start = time.perf_counter()
while time.perf_counter() - start < 20:
    time.sleep(0.2)
    with lock:
        if pushed["last"] and time.perf_counter() - pushed["last"] > 1:
            break
print(f"100,000 series: push {pushed['last'] - start - 6:5.2f} s with its zeros (target: 3), {pushed['requests']} requests, "
      f"{pushed['bytes'] / 1e6:5.1f} MB, peak {resident(process):5.0f} MB (target: 150)")
process.kill()
PYTHON
