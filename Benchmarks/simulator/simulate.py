#!/usr/bin/env python3
"""Scores `ongrid correlate` on simulated systems: fifteen kinds of fault in some or all of the requests, and quiet hours.

Each case is an hour and more of traffic through a system of its own, made from a seed. The fault begins five minutes
before the end, which is when somebody looks, with default options. A fault counts if it shows: an oracle that knows the
place sees at least five of its values outside of what 99 % of the values before were. Seeds are odd or even; those that
are even are not looked at while the analysis is worked on.
"""
import argparse
import collections
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

import faults
import oracle
from play import FAILED, Play, REFUSED
from system import System

HOUR = 3_600_000.0
BEGIN = 1_767_225_600_000_000_000
SHARES = (1.0, 0.3, 0.1, 0.03)


def simulate(seed, kind, share, rate, tail=300_000.0):
    """The fault (nil in quiet hours) and the requests of one case."""
    system = System(seed)
    fault = faults.make(kind, system, seed, HOUR, share) if kind else None
    if kind and fault is None:
        return None, None, None
    requests = list(Play(system, seed, fault).requests(HOUR + tail, rate))
    return system, fault, requests


def attribute(key, value):
    return f'{{"key":"{key}","value":{{"stringValue":"{value}"}}}}'


def write(path, requests):
    """OTLP/JSON, one request a line."""
    with open(path, "w") as out:
        for number, spans in enumerate(requests):
            trace = f"{(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"
            groups = collections.defaultdict(list)
            for span in spans:
                status = f',"status":{{"code":2}}' if span.status == FAILED else ""
                attributes = [attribute(*pair) for pair in span.attributes.items()]
                if span.status == REFUSED:
                    attributes.append('{"key":"http.response.status_code","value":{"intValue":"401"}}')
                begin, end = BEGIN + int(span.start * 1e6), BEGIN + int(span.end * 1e6)
                parent = f',"parentSpanId":"{span.parent:016x}"' if span.parent else ""
                groups[span.service, span.replica].append(
                    f'{{"traceId":"{trace}","spanId":"{span.id:016x}"{parent},"name":"{span.name}","kind":{span.kind},'
                    f'"startTimeUnixNano":"{begin}","endTimeUnixNano":"{end}","attributes":[{",".join(attributes)}]{status}}}')
            out.write('{"resourceSpans":[' + ",".join(
                '{"resource":{"attributes":[' + attribute("service.name", service.name) + ","
                + attribute("k8s.pod.name", f"{service.name}-{replica}") + ","
                + attribute("service.version", "2" if version(service, replica) else "1") + ']},"scopeSpans":[{"spans":['
                + ",".join(lines) + "]}]}" for (service, replica), lines in groups.items()) + "]}\n")


def version(service, replica):
    """Whether a replica runs the newer version."""
    return service.replicas == 5 and replica == 2


def ask(binary, entry, path):
    at = datetime.datetime.fromtimestamp((BEGIN / 1e6 + HOUR + 300_000) / 1000, datetime.timezone.utc)
    done = subprocess.run(
        [binary, "correlate", "--service", entry, "--at", at.strftime("%Y-%m-%dT%H:%M:%SZ"), "--format", "json",
         "--max-bytes", "1MiB", "--timeout", "60s", "--from", path], capture_output=True, check=False)
    if done.returncode not in (0, 4) or not done.stdout:
        raise SystemExit(f"exit {done.returncode}: {done.stderr.decode()[:500]}")
    return json.loads(done.stdout)


def named(document):
    return list(dict.fromkeys(one.get("dependency") or one["service"] for one in document["suspects"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--seeds", default="1-4", help="first and last [1-4]")
    parser.add_argument("--quiet", type=int, default=20, help="how many quiet hours [20]")
    parser.add_argument("--kind", action="append", help="only this kind of fault")
    parser.add_argument("--share", type=float, action="append", help="only this share of the requests")
    parser.add_argument("--rate", type=float, default=2.0, help="requests a second [2]")
    parser.add_argument("--list", action="store_true", help="print each case")
    args = parser.parse_args()
    first, _, last = args.seeds.partition("-")
    rows = collections.defaultdict(list)
    unseen = 0
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "hour.jsonl")
        for seed in range(int(first), int(last or first) + 1):
            for kind in args.kind or faults.KINDS:
                for share in args.share or SHARES:
                    system, fault, requests = simulate(seed, kind, share, args.rate)
                    if not fault:
                        continue
                    if not oracle.sees(fault, requests, HOUR):
                        unseen += 1
                        continue
                    write(path, requests)
                    names = named(ask(args.binary, system.entry.name, path))
                    rank = next((index + 1 for index, name in enumerate(names) if name in fault.culprits), None)
                    rows[kind, seed % 2].append((rank, not names))
                    rows[f"at {100 * share:.0f} %", seed % 2].append((rank, not names))
                    rows["all", seed % 2].append((rank, not names))
                    if args.list:
                        print(f"{seed} {kind}, {100 * share:.0f} %: rank {rank or '-'} of {fault.service.name}: {' | '.join(names[:4])}",
                              flush=True)
        alarms = 0
        for seed in range(1001, 1001 + args.quiet):
            system, _, requests = simulate(seed, None, 0, args.rate)
            write(path, requests)
            names = named(ask(args.binary, system.entry.name, path))
            alarms += bool(names)
            if args.list and names:
                print(f"quiet {seed}: {' | '.join(names[:4])}", flush=True)
    print(f"{'kind of fault':20}  {'odd seeds: first, among three, nobody':40} even seeds")
    for kind in faults.KINDS + [f"at {100 * share:.0f} %" for share in SHARES] + ["all"]:
        texts = []
        for parity in (1, 0):
            found = rows[kind, parity]
            share = lambda top: 100 * sum(1 for rank, _ in found if rank and rank <= top) / len(found)
            texts.append(f"{share(1):3.0f} % {share(3):3.0f} % of {len(found):3}, nobody {sum(one[1] for one in found):3}" if found else "-")
        print(f"{kind:20}  {texts[0]:40} {texts[1]}")
    print(f"{unseen} cases that the oracle does not see are left out; {alarms} alarms in {args.quiet} quiet hours; "
          f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
