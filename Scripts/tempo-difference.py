#!/usr/bin/env python3
"""Asks a real Tempo and this program the same random queries about the same traces, and lists where they differ.

    Scripts/tempo-difference.py --tempo http://localhost:3200 --otlp http://localhost:4318 --ongrid .build/release/ongrid

Run by hand; nothing else needs a Tempo. The traces have several events and links, orphans, several roots, one attribute with
several types, lists, and clocks that do not agree. Differences that are meant are in `MEANT`; the README names them. With
--answers FILE Tempo is asked once and its answers are kept there; later runs compare with what is kept and need no Tempo. With
--record DIRECTORY the traces and a sample of the queries and Tempo's answers are written for the tests.

Tempo has to search what has just been sent, and to accept spans that are some minutes old:

    query_frontend: {search: {query_backend_after: 1m}, metrics: {query_backend_after: 1m}}
    live_store: {wal: {ingestion_time_range_slack: 24h}}
    storage: {trace: {blocklist_poll: 5s, wal: {ingestion_time_range_slack: 24h}}}
"""
import argparse
import concurrent.futures
import gzip
import json
import math
import os
import random
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# ---------------------------------------------------------------- traces

SERVICES = ["web", "cart", "payments", "stock", "mail"]
NAMES = ["GET /", "POST /pay", "SELECT", "publish", "tick"]


def value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, list):
        return {"arrayValue": {"values": [value(x) for x in v]}}
    return {"stringValue": v}


def attributes(d):
    return [{"key": k, "value": value(v)} for k, v in d.items()]


def some(r, candidates, chance=0.6):
    return {k: r.choice(vs) for k, vs in candidates.items() if r.random() < chance}


def traces(seed, count, base):
    """`count` OTLP requests, one a trace, within ten minutes from `base` (Unix seconds)."""
    r = random.Random(seed)
    for number in range(count):
        trace_id = "%032x" % r.getrandbits(128)
        start = (base + r.randrange(600)) * 10**9 + r.randrange(10**9)
        ids = ["%016x" % r.getrandbits(64) for _ in range(r.randint(1, 14))]
        by_service = {}
        for place, span_id in enumerate(ids):
            parent = "" if place == 0 else r.choice(ids[:place])
            if place and r.random() < 0.08:
                parent = "%016x" % r.getrandbits(64)  # an orphan
            if place and r.random() < 0.06:
                parent = ""  # one more root
            begin = start + r.randrange(2 * 10**9)
            if r.random() < 0.1:
                begin -= r.randrange(5 * 10**9)  # a clock that is behind
            end = begin + r.choice([0, 1000, 10**6, 10**7, 10**8, 10**9, 3 * 10**9]) + r.randrange(1000)
            span = {
                "traceId": trace_id, "spanId": span_id, "parentSpanId": parent, "name": r.choice(NAMES),
                "kind": r.randint(0, 5), "startTimeUnixNano": str(begin), "endTimeUnixNano": str(end),
                "attributes": attributes(some(r, {
                    "n": [1, 2, 3, 2.5, "two", True, -4], "http.status_code": [200, 404, 500], "s": ["a", "b", ""],
                    "list": [["a", "b"], ["b"], [1, 2]], "flag": [True, False], "both": [1, "x"],
                }, 0.5)),
                "events": [{
                    "name": r.choice(["exception", "log", "retry"]), "timeUnixNano": str(begin + r.randrange(10**6)),
                    "attributes": attributes(some(r, {"i": [1, 2, 3], "exception.type": ["IOError", "Timeout"]})),
                } for _ in range(r.choice([0, 0, 0, 1, 2, 4]))],
                "links": [{
                    "traceId": trace_id, "spanId": r.choice(ids),
                    "attributes": attributes(some(r, {"l": [1, 2], "why": ["retry", "batch"]})),
                } for _ in range(r.choice([0, 0, 0, 1, 2]))],
            }
            status = r.choice([{}, {}, {"code": 1}, {"code": 2}, {"code": 2, "message": "deadline exceeded"}])
            if status:
                span["status"] = status
            by_service.setdefault(r.choice(SERVICES), []).append(span)
        yield {"resourceSpans": [{
            "resource": {"attributes": attributes(
                {"service.name": service, **some(r, {"host": ["h1", "h2"], "both": ["y", 2]}, 0.5)})},
            "scopeSpans": [{"scope": {"name": r.choice(["lib", "sdk"]), "version": "1." + str(r.randint(0, 2))},
                            "spans": spans}],
        } for service, spans in by_service.items()]}


# ---------------------------------------------------------------- queries

class Queries:
    """Random queries that both should understand."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def chance(self, of):
        return self.r.randrange(of) == 0

    def pick(self, *options):
        return self.r.choice(options)

    def query(self):
        kind = self.r.randrange(10)
        if kind < 5:
            return self.pipeline()
        if kind < 6:
            return "(%s) %s (%s)" % (self.stages(1), self.spanset_operator(), self.stages(self.r.randint(0, 2)))
        if kind < 9:
            return self.metrics()
        return "(%s) %s (%s)" % (self.metrics(), self.pick("+", "-", "*", "/"), self.metrics())

    def pipeline(self):
        return self.stages(self.pick(0, 0, 0, 1, 1, 2))

    def stages(self, more):
        text = self.spanset(2)
        for _ in range(more):
            text += " | " + self.pick(
                self.filter, lambda: "count() %s %d" % (self.comparison(), self.r.randrange(5)),
                lambda: "%s(%s) %s %s" % (self.pick("max", "min", "avg", "sum"), self.number_attribute(), self.comparison(),
                                          self.pick("1", "2.5", "10ms", "1s")),
                lambda: "by(%s)" % self.attribute(), lambda: "select(%s)" % self.attribute(), lambda: "coalesce()")()
        return text

    def spanset_operator(self):
        return self.pick("&&", "||", ">", ">>", "<", "<<", "~", "!>", "!>>", "!<", "!<<", "!~", "&>", "&>>", "&<", "&<<", "&~")

    def spanset(self, depth):
        if depth == 0 or self.chance(2):
            return self.filter()
        return "%s %s %s" % (self.spanset(depth - 1), self.spanset_operator(), self.filter())

    def filter(self):
        return "{ }" if self.chance(5) else "{ %s }" % self.condition(2)

    def condition(self, depth):
        if depth == 0 or self.chance(2):
            return self.simple()
        form = self.r.randrange(5)
        if form == 0:
            return "!(%s)" % self.condition(depth - 1)
        left, right = self.condition(depth - 1), self.condition(depth - 1)
        return "%s %s %s" % (left, self.pick("&&", "||"), right) if form < 3 else "(%s) %s %s" % (
            left, self.pick("&&", "||"), right)

    def comparison(self):
        return self.pick("=", "!=", "<", "<=", ">", ">=")

    def simple(self):
        form = self.r.randrange(12)
        if form == 0:
            return "%s %s nil" % (self.named(), self.pick("=", "!="))
        if form == 1:
            return "status %s %s" % (self.pick("=", "!="), self.pick("error", "ok", "unset"))
        if form == 2:
            return "kind %s %s" % (self.pick("=", "!="), self.pick("server", "client", "internal", "unspecified"))
        if form == 3:
            return "%s %s %s" % (self.pick("duration", "traceDuration", "event:timeSinceStart"), self.comparison(),
                                 self.pick("1ms", "10ms", "1s", "500us"))
        if form == 4:
            return "%s %s %s" % (self.pick("name", "rootName", "rootServiceName", "statusMessage", "event:name",
                                           "instrumentation:name", "resource.service.name"),
                                 self.pick("=", "!=", "=~", "!~"),
                                 self.pick('"GET /"', '"web"', '"exception"', '"lib"', '".*a.*"', '"cart|mail"'))
        if form == 5:
            return "%s %s %d" % (self.pick("nestedSetParent", "nestedSetLeft", "nestedSetRight", "span:childCount"),
                                 self.comparison(), self.r.randint(-1, 6))
        if form == 6:
            return "%s %s %s %s %s" % (self.pick("span.n", "span.http.status_code", "event.i"), self.pick("+", "-", "*"),
                                       self.pick("1", "2"), self.comparison(), self.pick("2", "3", "400"))
        if form == 7:
            return "%s = %s" % (self.pick("span.flag", "span.n"), self.pick("true", "false"))
        if form == 8:
            return "span.list %s %s" % (self.pick("=", "=~"), self.pick('"a"', '"b"'))
        return "%s %s %s" % (self.named(), self.comparison(),
                             self.pick("1", "2", "2.5", '"a"', '"x"', '"IOError"', '"retry"', "200"))

    def named(self):
        return self.pick("span.n", "span.s", "span.http.status_code", "span.both", "resource.both", ".both", "resource.host",
                         "event.i", "event.exception.type", "link.l", "link.why", ".host", ".none")

    def number_attribute(self):
        return self.pick("duration", "span.n", "span.http.status_code", "event.i", "link.l")

    def attribute(self):
        return self.pick(self.named, lambda: self.pick("name", "status", "kind", "resource.service.name", "rootName",
                                                       "event:name", "instrumentation:name"))()

    def metrics(self):
        text = self.stages(0 if self.chance(2) else self.pick(0, 1)) + " | "
        text += self.pick(
            "rate()", "count_over_time()", "min_over_time(duration)", "max_over_time(span.http.status_code)",
            "sum_over_time(span.n)", "avg_over_time(duration)", "quantile_over_time(duration, .5, .9)",
            "histogram_over_time(duration)", "sum_over_time(event.i)")
        if self.chance(2):
            text += " by (%s)" % ", ".join(sorted({self.attribute() for _ in range(self.pick(1, 1, 2))}))
        if self.chance(5):
            text += self.pick(" | topk(2)", " | bottomk(1)", " > 1")
        return text


# ---------------------------------------------------------------- asking

def get(url):
    for attempt in range(3):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
            if error.code == 429 or error.code >= 500 and attempt < 2:
                time.sleep(1)
                continue
            return error.code, body


def plain(any_value):
    kind, v = next(iter(any_value.items()), ("stringValue", ""))
    if kind == "intValue":
        return int(v)
    if kind == "arrayValue":
        return [plain(x) for x in v.get("values", [])]
    if kind == "doubleValue":
        return v if isinstance(v, str) else round(v, 9)
    return v


def search_answer(answer):
    result = {}
    for trace in answer.get("traces", []):
        sets = []
        for spanset in trace.get("spanSets", []):
            spans = {}
            for span in spanset.get("spans", []):
                spans[span["spanID"]] = {a["key"]: plain(a["value"]) for a in span.get("attributes", [])}
            sets.append({
                "matched": spanset.get("matched", 0), "spans": spans,
                "attributes": {a["key"]: plain(a["value"]) for a in spanset.get("attributes", [])}})
        result[trace["traceID"].rjust(32, "0")] = sorted(sets, key=lambda s: json.dumps(s, sort_keys=True))
    return result


def metrics_answer(answer):
    result = {}
    for series in answer.get("series", []):
        key = json.dumps(sorted((l["key"], plain(l["value"])) for l in series.get("labels", [])))
        samples = {s["timestampMs"]: s.get("value", 0) for s in series.get("samples", [])}
        # A sample of nothing and none at all are told apart by whole series only.
        result[key] = {t: v for t, v in samples.items() if v not in (0, "NaN")}
    return result


def same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool) and not isinstance(b, bool):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    return a == b


# ---------------------------------------------------------------- differences that are meant

#: Name, and whether it explains a difference. The README says why each of them is meant.
MEANT = []


def meant(function):
    MEANT.append((function.__name__.replace("_", " "), function))
    return function


def is_search(answer):
    return all(isinstance(v, list) for v in answer.values())


def revealed(query):
    """The same query, so written that Tempo reads every value it names: of what is compared with itself it wants all."""
    names = sorted(set(re.findall(
        r"(?<![\w.:\"])(?:(?:span|resource)\.(?:n|s|http\.status_code|both|list|flag|host)|\.(?:both|host|none)"
        r"|(?:event|link)\.[a-z.]+|event:name|name|status|kind|statusMessage|rootName|rootServiceName"
        r"|instrumentation:name|resource\.service\.name)(?![\w.\"(])", query)))
    always = " || ".join("%s = %s" % (n, n) for n in ["duration"] + names)
    first = query.index("{")
    end = query.index("}", first)
    inner = query[first + 1:end].strip()
    return query[:first] + ("{ (%s) && (%s) }" % (inner, always) if inner else "{ %s }" % always) + query[end + 1:]


def found(answer, shown=True):
    """Which spans a search found and how they are grouped, `shown` with the attributes of each."""
    return {trace: sorted((json.dumps([
        s["matched"], sorted(s["spans"]), s["attributes"], s["spans"] if shown else None], sort_keys=True) for s in sets))
        for trace, sets in answer.items()}


def differing(ours, theirs):
    return {key for key in {**ours, **theirs} if not same(ours.get(key), theirs.get(key))}


@meant
def more_is_shown(query, ours, theirs, context):
    """Both found the same spans in the same groups; here all that the query names is shown."""
    if not (is_search(ours) and is_search(theirs) and same(found(ours, False), found(theirs, False))):
        return False
    for trace, sets in ours.items():
        mine = {span: a for s in sets for span, a in s["spans"].items()}
        for s in theirs[trace]:
            for span, attributes in s["spans"].items():
                for key, value in attributes.items():
                    # The first event or link of the span, or the element of a list that matched.
                    if not same(mine[span].get(key), value) and key not in ELEMENTS and value != "nil":
                        return False
    return True


#: What events and links have, and a list; by the names that results carry.
ELEMENTS = ["i", "exception.type", "event:name", "event:timeSinceStart", "l", "why", "list"]


@meant
def values_hidden_by_conditions(query, ours, theirs, context):
    """Tempo reads no value whose own condition failed, and no span of which all failed. Told to read them, it agrees."""
    told = context["revealed"]
    return told is not None and (same(ours, told) or more_is_shown(query, ours, told, context))


@meant
def orphans_and_several_roots(query, ours, theirs, context):
    """Only traces with orphans or several roots differ, in a query that asks how spans hang together."""
    if not re.search(r"nestedSet|childCount|root(Service)?Name|[}\)] (&|!)?(>>|<<|>|<|~) [{\(]", query):
        return False
    told = context["revealed"]
    return any(a is not None and (not is_search(ours) or differing(ours, a) <= context["odd"]) for a in (theirs, told))


@meant
def values_of_events_and_links(query, ours, theirs, context):
    return bool(re.search(r"\b(event|link)[.:]", query))


@meant
def numbers(query, ours, theirs, context):
    """Whole numbers against fractions and the other way round, and aggregates over spans that have no number."""
    return bool(re.search(
        r"span\.(n|http\.status_code|both) ([-+*] \d )?[<>=!]+ \d|\.both [<>=!]+ \d|resource\.both [<>=!]+ \d"
        r"|(sum|min|max|avg)(_over_time)?\((span|event|link)\.", query))


@meant
def lists(query, ours, theirs, context):
    return "span.list" in query


#: What Tempo answers in place of results, where it is the one at fault.
TEMPO_FAILS = ["unexpected numbers of pre-compiled regexp", "array operators must consist"]
#: Both refuse, in words of their own.
BOTH_REFUSE = ["multiple spansets per trace"]


def odd_traces(requests):
    """The traces that have orphans, or other than one root."""
    odd = set()
    for request in requests:
        spans = [s for rs in request["resourceSpans"] for scope in rs["scopeSpans"] for s in scope["spans"]]
        ids = {s["spanId"] for s in spans}
        parents = [s["parentSpanId"] for s in spans]
        if parents.count("") != 1 or any(p and p not in ids for p in parents):
            odd.add(spans[0]["traceId"])
    return odd


class Tempo:
    """What a Tempo answers, asked for once when answers are kept in a file."""

    def __init__(self, url, start, end, kept):
        self.url, self.start, self.end, self.kept = url, start, end, kept
        self.answers = {}
        if kept and os.path.exists(kept):
            with gzip.open(kept, "rt") as file:
                for line in file:
                    query, status, body = json.loads(line)
                    self.answers[query] = status, body

    def answer(self, query):
        """The status and the text of the answer."""
        if query not in self.answers:
            if not self.url:
                sys.exit("no answer is kept for %s, and there is no --tempo to ask" % query)
            path = "metrics/query_range?step=60s" if is_metrics(query) else "search?limit=10000&spss=100"
            status, body = get("%s/api/%s&q=%s&start=%d&end=%d" % (
                self.url, path, urllib.parse.quote(query), self.start, self.end))
            self.answers[query] = status, body.decode(errors="replace")
        return self.answers[query]

    def keep(self):
        if self.kept and self.url:
            with gzip.open(self.kept, "wt") as file:
                for query, (status, body) in self.answers.items():
                    file.write(json.dumps([query, status, body]) + "\n")


def is_metrics(query):
    return "_over_time(" in query or "rate()" in query


def one_finds_more(query):
    """Whether one of the two may find spans that the other does not, and so several spansets where that finds one: an
    operator between them is an error then, for both."""
    return bool(numbers(query, {}, {}, {}) or values_of_events_and_links(query, {}, {}, {}) or "||" in query)


def compare(query, status, body, run, context):
    """How two answers relate, and both of them."""
    if status == 400 or run.returncode == 2:
        ours, theirs = run.stderr.strip(), body[:200]
        if status == 400 and run.returncode == 2 or (
                run.returncode == 2 and any(t in body for t in BOTH_REFUSE + TEMPO_FAILS)):
            return "same", ours, theirs
        if any(t in body for t in TEMPO_FAILS):
            return "meant: Tempo fails", ours, theirs
        if "one spanset on each side" in run.stderr and one_finds_more(query):
            return "meant: several spansets here only", ours, theirs
        return "refused by Tempo only" if status == 400 else "refused here only", ours, theirs
    if status != 200 or run.returncode != 0:
        ours, theirs = run.stderr.strip(), body[:200]
        if any(text in theirs for text in BOTH_REFUSE) and one_finds_more(query):
            return "meant: several spansets there only", ours, theirs
        return "meant: Tempo fails" if any(text in theirs for text in TEMPO_FAILS) else "failed", ours, theirs
    read = metrics_answer if is_metrics(query) else search_answer
    ours, theirs = read(json.loads(run.stdout)), read(json.loads(body))
    if same(ours, theirs):
        return "same", ours, theirs
    told_status, told = context["ask"](revealed(query))
    context["revealed"] = read(json.loads(told)) if told_status == 200 else None
    outcome = next(("meant: " + name for name, explains in MEANT if explains(query, ours, theirs, context)), "different")
    return outcome, ours, theirs


def wait_for(tempo, requests, start, end):
    """Waits until a Tempo finds all spans: it hands traces from one store to the next, and for a while has fewer."""
    spans = sum(len(scope["spans"]) for r in requests for rs in r["resourceSpans"] for scope in rs["scopeSpans"])
    for _ in range(400):
        _, body = get("%s/api/search?q=%s&start=%d&end=%d&limit=10000" % (
            tempo, urllib.parse.quote("{ }"), start, end))
        found = sum(s["matched"] for t in json.loads(body).get("traces", []) for s in t["spanSets"])
        if found == spans:
            return
        time.sleep(1)
    sys.exit("Tempo finds %d of %d spans" % (found, spans))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--tempo")
    arguments.add_argument("--otlp", help="where to send the traces; left out when Tempo has them")
    arguments.add_argument("--ongrid", default=".build/debug/ongrid")
    arguments.add_argument("--queries", type=int, default=2000)
    arguments.add_argument("--traces", type=int, default=80)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--base", type=int, help="Unix seconds of the earliest trace; otherwise 20 minutes ago")
    arguments.add_argument("--answers", help="keeps what Tempo answers here, compressed")
    arguments.add_argument(
        "--canonical", type=int, default=500, help="for so many queries, also ask Tempo in the form that --check prints")
    arguments.add_argument("--record", help="a directory for the traces and a sample of the answers, for the tests")
    arguments.add_argument("--file", default="/tmp/ongrid-difference.jsonl")
    arguments.add_argument("--show", type=int, default=20)
    arguments.add_argument("--only", help="show differences of this outcome")
    a = arguments.parse_args()
    base = a.base or int(time.time()) // 600 * 600 - 1200
    requests = list(traces(a.seed, a.traces, base))
    with open(a.file, "w") as file:
        for request in requests:
            file.write(json.dumps(request) + "\n")
    if a.otlp:
        for request in requests:
            body = json.dumps(request).encode()
            urllib.request.urlopen(urllib.request.Request(
                a.otlp + "/v1/traces", body, {"Content-Type": "application/json"}), timeout=30).read()
        print("sent %d traces from second %d on" % (len(requests), base), file=sys.stderr)
    start, end = base - 60, base + 720
    if a.tempo:
        wait_for(a.tempo, requests, start, end)
    generator, tempo = Queries(a.seed), Tempo(a.tempo, start, end, a.answers)
    queries = [generator.query() for _ in range(a.queries)]
    if a.tempo:
        try:
            for query in queries:
                tempo.answer(query)
                tempo.answer(revealed(query))
        finally:
            tempo.keep()

    def ask(query):
        return subprocess.run(
            [a.ongrid, "traceql", query, "--from", a.file, "--start", str(start), "--end", str(end), "-n", "0",
             "--spans-per-set", "0", "--step", "60s", "--threads", "1"], capture_output=True, text=True)

    context = {"ask": tempo.answer, "odd": odd_traces(requests)}
    totals, shown, records = {}, 0, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(ask, queries))
    for query, run in zip(queries, runs):
        status, body = tempo.answer(query)
        outcome, ours, theirs = compare(query, status, body, run, context)
        totals[outcome] = totals.get(outcome, 0) + 1
        records.append({"query": query, "outcome": outcome, "status": status, "answer": theirs, "ours": ours})
        wanted = outcome.endswith(a.only) if a.only else outcome != "same" and not outcome.startswith("meant")
        if wanted and shown < a.show:
            shown += 1
            print("== %s\n   %s" % (outcome, query))
            if isinstance(ours, dict):
                for key in sorted(k for k in {**ours, **theirs} if not same(ours.get(k), theirs.get(k)))[:2]:
                    print("   %s\n     ours   %s\n     theirs %s" % (
                        key, json.dumps(ours.get(key))[:600], json.dumps(theirs.get(key))[:600]))
            else:
                print("   ours   %s\n   theirs %s" % (ours, theirs))
    if a.tempo:
        broken = [q for q in queries[:a.canonical] if not same_when_printed(a.ongrid, tempo, q)]
        for query in broken[:a.show]:
            print("== printed form answered otherwise\n   " + query)
        totals["printed form answered otherwise"] = len(broken)
        tempo.keep()
    if a.record:
        record(a, records, requests, start, end)
    for outcome, count in sorted(totals.items()):
        print("%6d %s" % (count, outcome))
    return 1 if any(n and not (o == "same" or o.startswith("meant")) for o, n in totals.items()) else 0


def same_when_printed(ongrid, tempo, query):
    """Whether Tempo reads what `--check` prints as it reads the query itself."""
    run = subprocess.run([ongrid, "traceql", "--check", query], capture_output=True, text=True)
    if run.returncode != 0:
        return True
    (status, body), (printed_status, printed) = tempo.answer(query), tempo.answer(run.stdout.strip())
    if status != 200 or printed_status != 200:
        return status == printed_status
    read = metrics_answer if is_metrics(query) else search_answer
    return same(read(json.loads(body)), read(json.loads(printed)))


def record(a, records, requests, start, end):
    """Writes what the tests replay: the traces, and of the queries with equal answers some, with Tempo's answer."""
    os.makedirs(a.record, exist_ok=True)

    def write(name, lines):
        with gzip.GzipFile(os.path.join(a.record, name), "wb", mtime=0) as file:
            for line in lines:
                file.write(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")

    write("traces.jsonl.gz", requests)
    kept = [{"start": start, "end": end, "step": 60}]
    # An answer that fills pages tells little more than a short one.
    equal = [r for r in records if r["outcome"] == "same" and (
        r["status"] != 200 or 2 < len(json.dumps(r["answer"])) < 16_000)]
    for r in equal[::max(1, len(equal) // 350)]:
        if r["status"] != 200:
            kept.append({"query": r["query"], "refused": True})
        elif is_metrics(r["query"]):
            kept.append({"query": r["query"], "series": [[json.loads(k), v] for k, v in r["answer"].items()]})
        else:
            kept.append({"query": r["query"], "traces": r["answer"]})
    write("answers.jsonl.gz", kept)


if __name__ == "__main__":
    sys.exit(main())
