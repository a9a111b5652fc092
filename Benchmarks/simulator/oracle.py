"""Whether a fault shows to somebody who knows its place and its kind."""
from play import CLIENT, CONSUMER, FINE, PRODUCER, SERVER


def measures(fault, spans):
    """What the kind of fault changes, in the spans of a request: one number for each visit to the place."""
    service, kind = fault.service, fault.kind
    children = {}
    for span in spans:
        children.setdefault(span.parent, []).append(span)
    for span in spans:
        below = children.get(span.id, [])
        if kind in ("slow", "tenant", "hang", "gc"):
            if span.service is service and span.kind in (SERVER, CONSUMER):
                calls = [one for one in below if one.kind == CLIENT]
                value = span.end - span.start - sum(one.end - one.start for one in calls)
                yield value
            if kind == "gc" and span.kind == CLIENT:
                yield from (one.start - span.start for one in below if one.service is service)
        elif kind in ("network", "pool"):
            if span.kind == CLIENT:
                yield from (span.end - span.start - (one.end - one.start) for one in below if one.service is service)
        elif kind in ("fail", "storm"):
            if span.service is service and span.kind == SERVER:
                yield 1.0 if span.status != FINE else 0.0
        elif kind in ("refused", "lost"):
            if span.kind == CLIENT and span.attributes.get("server.address") == service.name:
                yield 0.0 if below else 1.0
        elif kind == "token":
            if span.service is service and span.kind == CLIENT and span.name == "call " + fault.target.name:
                yield 1.0 if span.status != FINE else 0.0
        elif kind == "n_plus_one":
            if span.service is service and span.kind == SERVER and span.name == fault.operation.name:
                yield float(len(below))
        elif kind == "lost_cache":
            if span.service is service and span.kind == SERVER:
                yield float(sum(1 for one in below if one.name == "SET"))
        elif kind == "consumer":
            if span.kind == PRODUCER:
                yield from (one.start - span.end for one in below if one.service is service)


def sees(fault, requests, start):
    before, now = [], []
    for spans in requests:
        (before if spans[0].start < start else now).extend(measures(fault, spans))
    if len(before) < 10:
        return False
    before.sort()
    usual = before[int(len(before) * 0.99)]
    typical = before[len(before) // 2]
    bound = max(usual * 1.05, typical * 1.3, typical + 0.5)
    return sum(value > bound for value in now) >= 5
