#!/usr/bin/env python3
"""Scores `ongrid correlate` on recorded incidents with known causes: which rank has the culprit among the services named?

The command gets the service at which users notice and the time, with default options; nothing else. Each recording is
judged as it is, and as the end or the middle of an hour of traffic, with the fault in a part of the requests.
"""
import argparse
import collections
import datetime
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

import servers


def lines(path):
    with subprocess.Popen(["zstd", "-dc", path], stdout=subprocess.PIPE) as process:
        yield from process.stdout


class Request:
    """One line of a recording."""

    def __init__(self, line):
        self.document = json.loads(line)
        spans = [span for group in self.document["resourceSpans"] for scope in group["scopeSpans"] for span in scope["spans"]]
        self.id = spans[0]["traceId"]
        self.start = min(int(span["startTimeUnixNano"]) for span in spans)


def shift(line_document, offset, trace):
    """The same request at another time, under another id, as a line."""
    groups = []
    for group in line_document["resourceSpans"]:
        scopes = []
        for scope in group["scopeSpans"]:
            scopes.append({"spans": [dict(
                span, traceId=trace, startTimeUnixNano=str(int(span["startTimeUnixNano"]) + offset),
                endTimeUnixNano=str(int(span["endTimeUnixNano"]) + offset)) for span in scope["spans"]]})
        groups.append({"resource": group["resource"], "scopeSpans": scopes})
    return json.dumps({"resourceSpans": groups}, separators=(",", ":"))


def hour(scenario, root, directory, place, share, seed):
    """An hour and more of traffic: quiet minutes repeated, with the faulty ones at the end or in the middle. Returns the
    file and the time at which somebody looks."""
    chance = random.Random(seed)
    at = scenario["injected_at"] * 10**9
    requests = [Request(line) for line in lines(os.path.join(root, scenario["file"]))]
    quiet = [one for one in requests if at - 120 * 10**9 <= one.start < at]
    faulty = [one for one in requests if at <= one.start < at + 120 * 10**9]
    path = os.path.join(directory, "hour.jsonl")
    begin = at - 75 * 60 * 10**9
    minute = 60 * 10**9
    fault_from, fault_to = (at, at + 3 * minute) if place == "end" else (at - 15 * minute, at - 5 * minute)
    end = at + 3 * minute
    with open(path, "w") as out:
        for block in range(0, (end - begin) // (2 * minute) + 1):
            start = begin + block * 2 * minute
            for one in quiet:
                moment = start + one.start - (at - 2 * minute)
                jitter = chance.randrange(-10**9, 10**9)
                if moment + jitter >= end:
                    continue
                if fault_from <= moment < fault_to and chance.random() < share:
                    continue
                out.write(shift(one.document, moment + jitter - one.start, f"{chance.getrandbits(128):032x}") + "\n")
        for block in range(0, (fault_to - fault_from) // (2 * minute) + 1):
            start = fault_from + block * 2 * minute
            for one in faulty:
                moment = start + one.start - at
                if moment < fault_to and chance.random() < share:
                    out.write(shift(one.document, moment - one.start, f"{chance.getrandbits(128):032x}") + "\n")
    when = end if place == "end" else (fault_from + fault_to) // 2
    return path, when / 1e9


def run(binary, entry, at, options):
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    command = [binary, "correlate", "--service", entry, "--at", moment, "--format", "json", "--max-bytes", "1MiB",
               "--timeout", "60s"] + options
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode not in (0, 4) or not done.stdout:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.decode()[:500]}")
    return json.loads(done.stdout), seconds


def named(document):
    return list(dict.fromkeys(one.get("dependency") or one["service"] for one in document["suspects"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--data", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Tests/Fixtures/incidents"))
    parser.add_argument("--only", default="", help="part of a recording's id")
    parser.add_argument("--case", action="append", help="fitted, default, with-all, end-100, end-20, end-5, middle-100, …")
    parser.add_argument("--list", action="store_true", help="print each recording")
    args = parser.parse_args()
    with open(os.path.join(args.data, "manifest.json")) as file:
        scenarios = [one for one in json.load(file) if args.only in one["id"]]
    cases = args.case or ["fitted", "default", "with-all", "end-100", "end-20", "end-5", "middle-100", "middle-20"]
    rows = collections.defaultdict(list)
    slowest = 0.0
    for case in cases:
        for index, scenario in enumerate(scenarios):
            with tempfile.TemporaryDirectory() as directory:
                at = scenario["injected_at"] + 60
                path = os.path.join(args.data, scenario["file"])
                options = []
                if case == "fitted":
                    options = ["--window", "2m"]
                elif case in ("with-all", "with-all-fitted"):
                    options, stop = servers.start(args.data, scenario, directory)
                    if case.endswith("fitted"):
                        options += ["--window", "2m"]
                elif case != "default":
                    place, share = case.split("-")
                    path, at = hour(scenario, args.data, directory, place, int(share) / 100, index)
                document, seconds = run(args.binary, scenario["entry"], at, options + ["--from", path])
                if case.startswith("with-all"):
                    stop()
            slowest = max(slowest, seconds)
            names = named(document)
            rank = names.index(scenario["culprit"]) + 1 if scenario["culprit"] in names else None
            for kind in (scenario["type"],) + (("all faults",) if scenario["culprit"] else ()):
                rows[case, scenario["system"], kind].append((rank, not names))
            if args.list:
                print(f"{case:10} {scenario['id']:56} rank {rank or '-'}  {' | '.join(names[:4])}  "
                      f"{'; '.join(document['suspects'][0]['text'] for _ in [0] if document['suspects'])[:150]}", flush=True)
        for (which, system, kind), found in sorted(rows.items()):
            if which != case:
                continue
            if kind == "quiet":
                print(f"{case:10} {system:3} {kind:15} {len(found):3}  names somebody in {sum(not one[1] for one in found)}")
            else:
                share = lambda top: 100 * sum(1 for rank, _ in found if rank and rank <= top) / len(found)
                print(f"{case:10} {system:3} {kind:15} {len(found):3}  AS@1 {share(1):4.0f}  AS@3 {share(3):4.0f}  "
                      f"AS@5 {share(5):4.0f}  names nobody {sum(one[1] for one in found)}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"slowest call {slowest:.2f} s, largest resident set of a call {peak:.0f} MiB")


if __name__ == "__main__":
    sys.exit(main())
