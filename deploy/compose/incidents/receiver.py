"""Turns what Alertmanager posts into incident documents, one file each, with `ongrid correlate`."""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIRECTORY = os.environ.get("INCIDENTS", "/var/lib/incidents")
LIMIT = 16 << 20


class Receiver(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200 if self.path == "/healthz" else 404)

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= LIMIT:
            return self.answer(413)
        body = self.rfile.read(length)
        # 4: a source is missing, which the document says.
        result = subprocess.run(["ongrid", "correlate", "--window", "10m", "-"], input=body, capture_output=True)
        sys.stderr.write(result.stderr.decode(errors="replace"))
        if result.returncode not in (0, 4):
            # Alertmanager sends it again.
            return self.answer(503)
        name = os.path.join(DIRECTORY, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + ".json")
        with open(name + ".tmp", "wb") as file:
            file.write(result.stdout)
        os.rename(name + ".tmp", name)
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer((os.environ.get("HOST", ""), 8080), Receiver).serve_forever()
