"""Stand-ins for Loki and Prometheus that answer from the lines and samples of a recording."""
import collections
import http.server
import json
import os
import re
import subprocess
import threading
import urllib.parse


def text(path):
    return subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self.reply(urllib.parse.urlparse(self.path).path, dict(urllib.parse.parse_qsl(body)))

        def do_GET(self):
            url = urllib.parse.urlparse(self.path)
            self.reply(url.path, dict(urllib.parse.parse_qsl(url.query)))

        def reply(self, path, query):
            body = json.dumps({"status": "success", "data": answer(path, query)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def loki(path):
    """Log queries with a stream selector on service_name and one line filter, newest first, cut at the limit."""
    entries = []
    for line in text(path).splitlines():
        for stream in json.loads(line)["streams"]:
            for value in stream["values"]:
                entries.append((int(value[0]), stream["stream"], value))
    entries.sort(key=lambda entry: -entry[0])

    def answer(_, query):
        if query["query"].startswith("sum"):
            return {"resultType": "matrix", "result": []}
        selector, _, rest = query["query"].partition("}")
        match = re.search(r'service_name(=~?)"((?:[^"\\]|\\.)*)"', selector)
        pattern = match[2].replace("\\\\", "\\")
        wanted = re.compile(pattern if match[1] == "=~" else re.escape(pattern))
        line = re.search(r"\|~ `([^`]*)`", rest)
        filter_ = re.compile(line[1]) if line else None
        streams = collections.defaultdict(list)
        count = 0
        for when, labels, value in entries:
            if not int(query["start"]) <= when < int(query["end"]) or not wanted.fullmatch(labels["service_name"]):
                continue
            if filter_ and not filter_.search(value[1]):
                continue
            count += 1
            if count > int(query["limit"]):
                break
            streams[json.dumps(dict(labels, **value[2]))].append([value[0], value[1]])
        return {"resultType": "streams",
                "result": [{"stream": json.loads(key), "values": values} for key, values in streams.items()]}

    return serve(answer)


def prometheus(path):
    """Selectors on __name__ alone, grouped as they are."""
    series = collections.defaultdict(list)
    for line in text(path).decode().splitlines():
        match = re.match(r"(\w+)\{(.*)\} (\S+) (\d+)", line)
        if match:
            series[match[1], match[2]].append((int(match[4]), float(match[3])))

    def answer(_, query):
        name = re.search(r'__name__=~"([^"]*)"', query.get("query", ""))
        result = []
        for (metric, labels), samples in series.items() if name else ():
            if not re.fullmatch(name[1], metric):
                continue
            pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            start, end, step = (float(query[key]) for key in ("start", "end", "step"))
            values, moment = [], start
            while moment <= end:
                known = [value for when, value in samples if moment - 300 < when <= moment]
                if known:
                    values.append([moment, str(known[-1])])
                moment += step
            if values:
                result.append({"metric": pairs, "values": values})
        return {"resultType": "matrix", "result": result}

    return serve(answer)


def start(root, scenario, _directory):
    """Options that point at servers with what the recording has, and how to stop them."""
    options, running = [], []
    for key, option, make in (("logs", "--loki", loki), ("metrics", "--prometheus", prometheus)):
        if key in scenario:
            server = make(os.path.join(root, scenario[key]))
            running.append(server)
            options += [option, f"http://127.0.0.1:{server.server_port}"]

    def stop():
        for server in running:
            server.shutdown()
            server.server_close()

    return options, stop
