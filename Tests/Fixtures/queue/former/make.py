"""Fills a queue directory with a relay that has two destinations, one of which refuses the first three requests.

    python3 make.py ONGRID DIRECTORY REQUESTS

The directory beside this file was written by the release before rows held several requests, with 12 requests.
"""
import http.server, os, re, signal, socket, struct, subprocess, sys, threading, time

ongrid, directory, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
bad = threading.Event()

class Refusing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status = 503
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.send_response(self.server.status()); self.send_header("content-length", "0"); self.end_headers()
    def log_message(self, *_): pass

def server(status):
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing); s.status = status
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s
one = server(lambda: 503)
two = server(lambda: 400 if bad.is_set() else 503)

def field(n, data): 
    def varint(v):
        out = b""
        while v > 127: out += bytes([v & 127 | 128]); v >>= 7
        return out + bytes([v])
    return varint(n << 3 | 2) + varint(len(data)) + data
def request(seed, spans=1):
    body = b"".join(field(2, field(1, struct.pack(">QQ", seed, i + 1)) + field(2, struct.pack(">Q", i + 1)) + field(5, b"work")
        + b"\x39" + struct.pack("<Q", 1795400000000000000) + b"\x41" + struct.pack("<Q", 1795400000001000000)) for i in range(spans))
    return field(1, field(1, field(1, field(1, b"service.name") + field(2, field(1, b"shop")))) + field(2, body))

relay = subprocess.Popen([ongrid, "relay", "--to", f"http://127.0.0.1:{one.server_port}", "--to", f"http://127.0.0.1:{two.server_port}",
    "--queue-dir", directory, "--listen-grpc", "none", "--listen-http", "127.0.0.1:0", "--listen-admin", "none", "--retry-initial", "20ms", "--retry-max", "50ms",
    "--drain-timeout", "0s", "--batch-timeout", "10ms", "--compression", "none"], stderr=subprocess.PIPE, text=True)
for line in relay.stderr:
    m = re.search(r"receiving on 127\.0\.0\.1:(\d+)", line)
    if m: break
port = int(m.group(1))
threading.Thread(target=lambda: [print(l, end="") for l in relay.stderr], daemon=True).start()
def send(first, last, spans=1):
    s = socket.create_connection(("127.0.0.1", port)); f = s.makefile("rb")
    for seed in range(first, last):
        b = request(seed, spans)
        s.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n" % len(b) + b)
        line = f.readline(); assert b" 200 " in line, line
        length = 0
        while (h := f.readline()) != b"\r\n":
            if h.lower().startswith(b"content-length:"): length = int(h.split(b":")[1])
        f.read(length)
bad.set(); send(1, 4, 3); time.sleep(1); bad.clear()
n = 64
step = (count + n - 1) // n
ts = [threading.Thread(target=send, args=(1000 + i * step, 1000 + min((i + 1) * step, count))) for i in range(n)]
[t.start() for t in ts]; [t.join() for t in ts]
relay.send_signal(signal.SIGTERM); relay.wait(); print(relay.returncode, os.listdir(directory), os.path.getsize(directory + "/queue.sqlite"))
