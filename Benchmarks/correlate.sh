#!/usr/bin/env bash
# Prints how long correlate takes when every request to every source takes 200 ms, and what it adds to the slowest chain of sources.
# usage: Benchmarks/correlate.sh BINARY
set -euo pipefail

python3 - "$1" "$(dirname "$0")/../Tests/Fixtures" <<'PYTHON'
import http.server, json, os, resource, statistics, subprocess, sys, threading, time

binary, fixtures = sys.argv[1:]
delay = 0.2
names = ["prometheus/query-range.json", "prometheus/exemplars.json", "loki/query-range.json",
         "loki/query-range-matrix.json", "tempo/search.json", "tempo/trace-v1.pb"]
bodies = {name: open(os.path.join(fixtures, name), "rb").read() for name in names}

def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)

# The second version of trace by id wraps the trace in a message.
bodies[names[-1]] = b"\x0a" + varint(len(bodies[names[-1]])) + bodies[names[-1]]

class Stub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        time.sleep(delay)
        if "exemplars" in self.path: name = "prometheus/exemplars.json"
        elif self.path.startswith("/api/v1"): name = "prometheus/query-range.json"
        elif self.path.startswith("/loki"):
            name = "loki/query-range-matrix.json" if "query=sum" in self.path else "loki/query-range.json"
        elif self.path.startswith("/api/search"): name = "tempo/search.json"
        else: name = "tempo/trace-v1.pb"
        self.send_response(200)
        self.send_header("Content-Type", "application/protobuf" if name.endswith("pb") else "application/json")
        self.send_header("Content-Length", str(len(bodies[name])))
        self.end_headers()
        self.wfile.write(bodies[name])

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

urls = []
for _ in range(3):
    server = Server(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    urls.append(f"http://127.0.0.1:{server.server_port}")

def run(options):
    start = time.perf_counter()
    output = subprocess.run([binary, "correlate", "--service", "payments-api", "--at", "2026-11-23T06:56:40Z"] + options,
                            check=True, capture_output=True).stdout
    wall = (time.perf_counter() - start) * 1000
    timing = json.loads(output)["timing"]
    # What the other sources say of the services in the traces is asked once these are known.
    chain = timing.get("tempo_ms", 0) + timing.get("witnesses_ms", 0)
    return wall, max(chain, *(ms for name, ms in timing.items() if name != "total_ms"))

for title, options in [
    ("Prometheus and Loki", ["--prometheus", urls[0], "--loki", urls[1]]),
    ("all three", ["--prometheus", urls[0], "--loki", urls[1], "--tempo", urls[2]]),
]:
    results = [run(options) for _ in range(11)]
    wall = statistics.median(result[0] for result in results)
    added = statistics.median(result[0] - result[1] for result in results)
    print(f"{title:20} {wall:6.0f} ms wall, {added:5.1f} ms more than the slowest chain (target: 30 ms)")
print("Tempo is asked twice, first which traces and then for the traces, so it takes two delays.")
print(f"peak RSS             {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:6.1f} MiB")
PYTHON
