#!/usr/bin/env python3
"""pictures.py ONGRID: draws docs/pictures/ anew: terminals from what the binary prints, and where each command sits."""

import fcntl
import html
import os
import pathlib
import re
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata

root = pathlib.Path(__file__).resolve().parent.parent
pictures = root / "docs" / "pictures"
ongrid = str(pathlib.Path(sys.argv[1]).resolve())
shop = "Tests/Fixtures/otlp/shop.otlp"
environment = {
    "PATH": os.path.dirname(ongrid) + ":" + os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "TZ": "UTC",
}

# The colours of a terminal, readable on the dark ground of all pictures of one.
GROUND, TEXT = "#1b1f27", "#d7dce4"
PROMPT = "\x1b[1;32m$\x1b[0m "
COLORS = {
    30: "#5c6370", 31: "#ef6b73", 32: "#98c379", 33: "#e5c07b", 34: "#61afef", 35: "#c678dd", 36: "#56b6c2", 37: "#d7dce4",
    90: "#7f8694", 91: "#ff7b86", 92: "#b5e08f", 93: "#ffd787", 94: "#7fc1ff", 95: "#d7a0ff", 96: "#7fd7df", 97: "#ffffff",
}
WIDTH, HEIGHT, MARGIN = 8.43, 19, 16
# Longer lines go on in the next, as in a terminal.
COLUMNS = 120


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def spans(line):
    """Pieces of a line with their style."""
    style, at = {}, 0
    for match in re.finditer(r"\x1b\[([0-9;]*)m", line):
        if match.start() > at:
            yield line[at:match.start()], dict(style)
        for code in (int(c or 0) for c in match[1].split(";")):
            if code == 0: style = {}
            elif code == 1: style["font-weight"] = "bold"
            elif code == 2: style["fill"] = COLORS[90]
            elif code in COLORS: style["fill"] = COLORS[code]
            elif code == 39: style.pop("fill", None)
            elif code == 22: style.pop("font-weight", None)
        at = match.end()
    if at < len(line):
        yield line[at:], dict(style)


def wrapped(line):
    """The line in pieces as wide as the terminal, each with the style it begins in."""
    pieces, piece, width, style = [], "", 0, ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            style = "" if part in ("\x1b[0m", "\x1b[m") else style + part
            piece += part
            continue
        for character in part:
            if width + columns(character) > COLUMNS:
                pieces.append(piece)
                piece, width = style, 0
            piece += character
            width += columns(character)
    return pieces + [piece]


def terminal(name, title, lines):
    lines = [piece.rstrip() for line in lines for piece in wrapped(line)]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    width = round(max(80, *(columns(line) for line in plain)) * WIDTH + 2 * MARGIN)
    height = len(lines) * HEIGHT + 2 * MARGIN + 24
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{GROUND}"/>',
    ]
    for index, color in enumerate(("#ef6b73", "#e5c07b", "#98c379")):
        out.append(f'<circle cx="{MARGIN + 4 + 18 * index}" cy="18" r="5.5" fill="{color}"/>')
    out.append(
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14" fill="{TEXT}" '
        'xml:space="preserve">')
    for row, line in enumerate(lines):
        y, column = 24 + MARGIN + row * HEIGHT + 14, 0
        for text, style in spans(line):
            # Blanks place the words; each piece has its own place, so that no font can shift it.
            for word in re.finditer(r"\S+(?: \S+)*", text):
                x = MARGIN + (column + columns(text[:word.start()])) * WIDTH
                length = columns(word[0]) * WIDTH
                attributes = "".join(f' {key}="{value}"' for key, value in sorted(style.items()))
                out.append(
                    f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"{attributes}>'
                    f"{html.escape(word[0])}</text>")
            column += columns(text)
    out.append("</g></svg>")
    (pictures / f"{name}.svg").write_text("\n".join(out) + "\n")


def run(command, directory=root, limit=None):
    """The prompt with the command, and what it prints on a terminal."""
    shown = command.split("\n")
    typed = [PROMPT + shown[0]] + ["  " + line for line in shown[1:]]
    inside, outside = pty.openpty()
    fcntl.ioctl(outside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=outside, stderr=outside)
    os.close(outside)
    output = b""
    try:
        while piece := os.read(inside, 65536):
            output += piece
    except OSError:
        pass
    os.close(inside)
    process.wait()
    # Of a line that was written over, as progress is, the last state counts.
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-ln-z]", "", output.decode().replace("\r\n", "\n"))
    lines = [line.rsplit("\r", 1)[-1] for line in text.rstrip("\n").split("\n")]
    if limit and len(lines) > limit:
        lines = lines[:limit] + [f"\x1b[90m… {len(lines) - limit} more lines\x1b[0m"]
    return typed + lines


def draw_terminals():
    draw_relay()
    terminal("spanmetrics", "ongrid spanmetrics", run(
        f"ongrid spanmetrics {shop} |\n"
        "jq -r '.span_metrics[] | select(.labels.status_code == \"STATUS_CODE_ERROR\") | "
        "\"\\(.calls) \\(.labels.service_name) \\(.labels.span_name)\"' | sort -rn | head -6")
        + [""] + run(
            f"ongrid spanmetrics --service-graph {shop} |\n"
            "jq -r '.service_graph[] | select(.failed > 3) | \"\\(.labels.client) -> \\(.labels.server): "
            "\\(.failed) of \\(.requests)\"'"))
    rule = '{"kind":"trace_latency","conditions_json":{"service":"payments-api","threshold_ms":800}}'
    bad = '{"kind":"trace_latency","conditions_json":{"service":"payments-api","quantile":"p90","threshold_ms":800}}'
    terminal("compile-rule", "ongrid compile-rule", run(f"echo '{rule}' |\nongrid compile-rule --pretty")
        + [""] + run(f"echo '{bad}' |\nongrid compile-rule --check"))
    terminal("traceql", "ongrid traceql", run(
        f"ongrid traceql --trace-id 7719cdfbb878c2d651ea345e50690b90 -f waterfall --from {shop}"))
    terminal("correlate", "ongrid correlate", run(
        "ongrid correlate --service payments-api --at 2026-11-23T07:25:00Z --format markdown \\\n"
        "  --from Tests/Fixtures/correlate/incident.jsonl.gz", limit=24))


def draw_relay():
    """A relay that writes to a file, and what doctor says of it."""
    with tempfile.TemporaryDirectory() as directory:
        relay = subprocess.Popen(
            [ongrid, "relay", "--to", "file:traces.otlp", "--queue-dir", "queue", "--color", "never"], cwd=directory,
            env=environment, stderr=subprocess.PIPE, text=True)
        first = relay.stderr.readline().rstrip("\n")
        if "receiving" not in first:
            relay.terminate()
            sys.exit(f"the relay needs its usual ports for its picture: {first}")
        doctor = run("ongrid doctor", directory=directory)
        deadline = time.monotonic() + 10
        file = pathlib.Path(directory) / "traces.otlp"
        while not (file.exists() and file.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)
        table = run("ongrid traceql '{ }' --from traces.otlp -f table", directory=directory)
        counters = run("curl -s localhost:8888/metrics | grep -E '^ongrid_relay_(accepted|sent)_items_total'", directory=directory)
        relay.send_signal(signal.SIGTERM)
        rest = relay.stderr.read().rstrip("\n").split("\n")
    terminal("relay", "ongrid relay", [PROMPT + "ongrid relay --to file:traces.otlp --queue-dir queue &", first, ""]
        + table + [""] + counters + ["", PROMPT + "kill %1"] + rest)
    terminal("doctor", "ongrid doctor", doctor)


# Where each command sits: boxes and arrows, drawn twice.
LIGHT = {"ground": "#ffffff", "line": "#57606a", "text": "#1f2328", "ours": "#0969da", "box": "#f6f8fa", "soft": "#57606a"}
DARK = {"ground": "#0d1117", "line": "#8b949e", "text": "#e6edf3", "ours": "#4493f8", "box": "#161b22", "soft": "#8b949e"}


def pipeline(theme, color):
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="960" height="400" viewBox="0 0 960 400" role="img" '
        'font-family="-apple-system,BlinkMacSystemFont,Segoe UI,Helvetica,Arial,sans-serif">',
        "<title>Where each command of ongrid sits</title>",
        f'<rect width="960" height="400" rx="8" fill="{color["ground"]}"/>',
        f'<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{color["line"]}"/></marker></defs>',
    ]

    def box(x, y, w, h, title, note, ours=False):
        stroke = color["ours"] if ours else color["line"]
        out.append(
            f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{color["box"]}" stroke="{stroke}" '
            f'stroke-width="{2 if ours else 1}"/>')
        fill = color["ours"] if ours else color["text"]
        family = ' font-family="ui-monospace,Menlo,Consolas,monospace"' if ours else ""
        out.append(
            f'<text x="{x + w / 2}" y="{y + 25}" text-anchor="middle" font-size="15" font-weight="600" fill="{fill}"{family}>{title}</text>')
        for index, line in enumerate(note):
            out.append(
                f'<text x="{x + w / 2}" y="{y + 45 + 16 * index}" text-anchor="middle" font-size="12" fill="{color["soft"]}">{line}</text>')

    def arrow(path, label="", x=0, y=0):
        out.append(f'<path d="{path}" fill="none" stroke="{color["line"]}" stroke-width="1.5" marker-end="url(#end)"/>')
        if label:
            out.append(f'<text x="{x}" y="{y}" font-size="12" text-anchor="middle" fill="{color["soft"]}">{label}</text>')

    box(20, 90, 140, 70, "applications", ["OpenTelemetry SDKs"])
    box(230, 80, 170, 90, "relay", ["batches, retries,", "loses nothing"], True)
    box(480, 90, 170, 70, "Tempo", ["Jaeger, Zipkin, a file"])
    box(760, 80, 180, 90, "traceql", ["asks any of them", "in one language"], True)
    box(230, 230, 170, 70, "spanmetrics", ["traces to metrics"], True)
    box(480, 230, 170, 70, "Prometheus", ["Mimir; rules, alerts"])
    box(480, 335, 170, 50, "compile-rule", [], True)
    box(760, 220, 180, 90, "correlate", ["metrics, logs, traces", "around an incident"], True)
    box(760, 335, 180, 50, "Loki", [])
    arrow("M160 125H228", "OTLP", 194, 116)
    arrow("M400 125H478", "OTLP", 439, 116)
    arrow("M758 125H652")
    arrow("M315 170V228", "", 0, 0)
    arrow("M400 265H478", "metrics", 439, 256)
    arrow("M565 160V228", "its generator", 607, 198)
    arrow("M565 335V302", "PromQL", 592, 324)
    arrow("M652 265H758", "alert", 705, 256)
    arrow("M850 220V172", "trace ids", 880, 200)
    arrow("M850 335V312")
    out.append(
        f'<path d="M90 90V40H850V80" fill="none" stroke="{color["ours"]}" stroke-width="1.5" stroke-dasharray="5 4"/>'
        f'<rect x="330" y="20" width="300" height="40" rx="8" fill="{color["box"]}" stroke="{color["ours"]}" stroke-width="2"/>'
        f'<text x="480" y="45" text-anchor="middle" font-size="14" fill="{color["soft"]}"><tspan font-weight="600" '
        f'fill="{color["ours"]}" font-family="ui-monospace,Menlo,Consolas,monospace">doctor</tspan> follows one span through all of it</text>')
    out.append("</svg>")
    (pictures / f"pipeline-{theme}.svg").write_text("\n".join(out) + "\n")


pictures.mkdir(parents=True, exist_ok=True)
pipeline("light", LIGHT)
pipeline("dark", DARK)
draw_terminals()
