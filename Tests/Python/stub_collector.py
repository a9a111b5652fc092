#!/usr/bin/env python3
"""Stands in for an OpenTelemetry Collector, which continuous integration cannot install.

It judges a configuration (`validate --config=file:PATH`) or runs with it as the real one was seen to: JSON log lines on
standard error, a health endpoint that says 503 until the collector is ready, metrics, a new start inside the process on
SIGHUP, an orderly end with status 0 on SIGTERM. It is started by a link, beside which are `journal`, which gets a line
for each run, and `ailments.json`, an object of strings:

refuse   what `validate` complains about
crash    why it ends with status 1 as soon as it has started
sick     a file; while it exists the health endpoint does not answer
deaf     SIGTERM does not end it
drops    how many spans it gives up when it stops
"""

import http.server
import json
import os
import pathlib
import re
import signal
import sys
import threading
import time


directory = pathlib.Path(sys.argv[0]).parent
ailments = json.loads((directory / "ailments.json").read_text())


def log(level, message, **fields):
    common = {"level": level, "ts": "2026-01-01T00:00:00.000Z", "caller": "service/service.go:1", "msg": message}
    print(json.dumps(common | {"resource": {"service.name": "otelcol"}} | fields), file=sys.stderr, flush=True)


def fail(message):
    print(f"Error: {message}", file=sys.stderr, flush=True)
    sys.exit(1)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        while os.path.exists(ailments.get("sick", "")):
            time.sleep(0.05)
        is_ready = self.server.ready.is_set()
        body = self.server.body if is_ready else b"not available"
        self.send_response(200 if is_ready else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def serve(port, body, ready):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
    server.body = body
    server.ready = ready
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    validates = sys.argv[1] == "validate"
    option = sys.argv[-1]
    if not option.startswith("--config=file:"):
        fail(f"unknown flag: {option}")
    path = pathlib.Path(option.removeprefix("--config=file:"))
    text = path.read_text()
    if validates:
        if "refuse" in ailments:
            fail(ailments["refuse"])
        return
    secrets = {name: value for name, value in os.environ.items() if name.startswith("ONGRID_COLLECTOR_SECRET_")}
    with open(directory / "journal", "a") as journal:
        print(json.dumps({"pid": os.getpid(), "arguments": sys.argv[1:], "secrets": secrets}), file=journal)
    ended = threading.Event()

    def stop(number, frame):
        log("info", "Received signal from OS", signal="terminated")
        if "deaf" not in ailments:
            ended.set()

    def reload(number, frame):
        path.read_text()
        log("warn", "Config updated, restart service")

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, reload)
    log("info", "Starting otelcol...", Version="0.153.0", NumCPU=2)
    log("warn", '"otlphttp" alias is deprecated; use "otlp_http" instead')
    if "crash" in ailments:
        log("error", "Failed to start extension", error=ailments["crash"])
        fail(f"cannot start pipelines: {ailments['crash']}")
    ready = threading.Event()
    health = re.search(r'health_check:\n +endpoint: "127.0.0.1:(\d+)"', text)
    serve(int(health.group(1)), b'{"status":"Server available"}', ready)
    metrics = re.search(r'prometheus: \{host: "127.0.0.1", port: (\d+)', text)
    if metrics:
        serve(int(metrics.group(1)), b"otelcol_receiver_accepted_spans 7\n", ready)
    ready.set()
    log("info", "Everything is ready. Begin running and processing data.")
    ended.wait()
    if "drops" in ailments:
        log("error", "Exporting failed. Dropping data.", error="interrupted due to shutdown",
            dropped_items=int(ailments["drops"]))
    log("info", "Shutdown complete.")


main()
