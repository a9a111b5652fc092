"""Plays the requests of a system over a time, with a fault in part of them."""
import heapq
import math
import random

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
FINE, FAILED, REFUSED = 0, 1, 2


class Span:
    __slots__ = ("id", "parent", "service", "name", "kind", "start", "end", "status", "attributes", "replica")

    def __init__(self, number, parent, service, name, kind, start, attributes=None, replica=0):
        self.id, self.parent, self.service, self.name, self.kind, self.start = number, parent, service, name, kind, start
        self.end, self.status, self.attributes, self.replica = start, FINE, attributes or {}, replica


class Pool:
    """Threads of a replica: who comes when all are busy waits for the first that is free."""

    def __init__(self, size):
        self.free = [0.0] * size

    def take(self, time):
        return max(time, heapq.heappop(self.free))

    def give(self, time):
        heapq.heappush(self.free, time)


class Play:
    """All times are milliseconds from the beginning."""

    def __init__(self, system, seed, fault=None):
        self.system, self.fault = system, fault
        self.chance = random.Random(f"play {seed}")
        self.pools = {}
        self.roots = [operation for operation in system.entry.operations]
        self.weights = [self.chance.uniform(0.3, 1) for _ in self.roots]
        self.phases = [self.chance.uniform(0, 6.28) for _ in self.roots]
        self.swing = [self.chance.uniform(0, 0.7) for _ in self.roots]
        self.tenant_weights = [1 / (1 + index) for index in range(len(system.tenants))]
        self.number = 0

    def requests(self, length, rate):
        """Spans of each request, in order of time. Load and mix change over the hour."""
        phase, swing = self.chance.uniform(0, 6.28), self.chance.uniform(0, 0.4)
        time = 0.0
        while True:
            load = 1 + swing * math.sin(phase + time / 2.4e6)
            time += self.chance.expovariate(rate * load / 1000)
            if time >= length:
                return
            weights = [weight * (1 + swing * math.sin(phase + time / 1.5e6))
                       for weight, swing, phase in zip(self.weights, self.swing, self.phases)]
            root = self.chance.choices(self.roots, weights)[0]
            self.spans = []
            self.tenant = self.chance.choices(self.system.tenants, self.tenant_weights)[0]
            self.hit = self.fault is not None and self.fault.takes(self, time)
            self.slowness = math.exp(self.chance.gauss(0, 0.15))
            self.serve(root, time, 0, SERVER)
            yield self.spans

    def open(self, parent, service, name, kind, start, attributes=None, replica=0):
        self.number += 1
        span = Span(self.number, parent, service, name, kind, start, attributes, replica)
        self.spans.append(span)
        return span

    def pool(self, service, replica):
        if (service, replica) not in self.pools:
            self.pools[service, replica] = Pool(service.threads)
        return self.pools[service, replica]

    def at_fault(self, service, kind, replica=None):
        return self.hit and self.fault.kind == kind and self.fault.service is service and (
            replica is None or self.fault.replica is None or replica == self.fault.replica)

    def serve(self, operation, time, parent, kind):
        """Runs an operation; returns its span."""
        service = operation.service
        replica = self.chance.randrange(service.replicas)
        pool = self.pool(service, replica)
        start = pool.take(time)
        if self.at_fault(service, "pool"):
            start += self.fault.extra * self.chance.uniform(0.5, 1.5)
        if self.fault is not None and self.fault.kind == "gc" and self.fault.service is service:
            start = self.fault.after_pause(start, self)
        span = self.open(parent, service, operation.name, kind, start, {"tenant": self.tenant}, replica)
        now = start
        own = operation.work * self.slowness * math.exp(self.chance.gauss(0, operation.spread))
        pieces = len(operation.steps) + 1
        if self.at_fault(service, "slow", replica) or self.at_fault(service, "tenant") or self.at_fault(service, "hang"):
            own += self.fault.extra * self.chance.uniform(0.5, 1.5)
            self.fault.seen += 1
        failed = self.chance.random() < service.error_share
        if self.at_fault(service, "fail", replica) or self.at_fault(service, "storm"):
            self.fault.seen += 1
            failed, own = True, own * 0.7
        if failed and self.chance.random() < 0.7:
            # It fails before it does what it would do.
            pieces, steps = 1, []
        else:
            steps = operation.steps
        joined = now
        for step in steps:
            now = max(now, joined) if not step.parallel else now
            if not step.parallel:
                now += own / pieces
            if step.probability < 1 and self.chance.random() >= step.probability:
                continue
            end, broken = self.step(step, service, operation, now, span)
            failed = failed or broken
            if step.parallel:
                joined = max(joined, end)
            else:
                now = end
            if broken and self.chance.random() < 0.8:
                break
        now = max(now, joined) + own / pieces
        span.end = now
        if failed:
            span.status = FAILED
        pool.give(now)
        return span

    def step(self, step, service, operation, now, span):
        """When it is over, and whether it failed for good."""
        if step.kind == "call":
            times = 1
            if self.at_fault(service, "n_plus_one") and self.fault.operation is operation:
                times = self.fault.times
                self.fault.seen += 1
            for _ in range(times):
                now, broken = self.call(service, step.target, now, span)
                if broken:
                    return now, True
            return now, False
        if step.kind == "query":
            times = 1
            if self.at_fault(service, "n_plus_one") and self.fault.operation is operation:
                times = self.fault.times
                self.fault.seen += 1
            for _ in range(times):
                now = self.query(service, now, span, "SELECT " + operation.name.split("/")[1], service.database)
            return now, False
        if step.kind == "cache":
            now = self.query(service, now, span, "GET", service.cache, 0.3)
            ratio = 0.0 if self.at_fault(service, "lost_cache") else service.hit_ratio
            if ratio == 0:
                self.fault.seen += 1
            if self.chance.random() >= ratio:
                now = self.query(service, now, span, "SELECT " + operation.name.split("/")[1], service.database)
                now = self.query(service, now, span, "SET", service.cache, 0.3)
            return now, False
        send = self.open(span.id, service, "publish", PRODUCER, now, {"messaging.system": "kafka"}, span.replica)
        send.end = now + self.chance.uniform(0.3, 1)
        lag = self.chance.expovariate(1 / 20)
        if self.at_fault(step.target, "consumer"):
            lag += self.fault.extra * self.chance.uniform(0.5, 1.5)
            self.fault.seen += 1
        self.serve(step.target.operations[0], send.end + lag, send.id, CONSUMER)
        return send.end, False

    def query(self, service, now, span, name, system, typical=None):
        length = (typical or service.query) * self.slowness * math.exp(self.chance.gauss(0, 0.5))
        child = self.open(span.id, service, name, CLIENT, now, {"db.system": system}, span.replica)
        child.end = now + length
        return child.end

    def call(self, service, target, now, span):
        for attempt in range(1 + service.retries):
            now, failed, retriable = self.attempt(service, target, now, span)
            if not failed or not retriable:
                return now, failed
            if attempt < service.retries:
                now += 5 * (attempt + 1)
        return now, True

    def attempt(self, service, target, now, span):
        other = target.service
        client = self.open(span.id, service, "call " + target.name, CLIENT, now, {"server.address": other.name}, span.replica)
        there = other.network * math.exp(self.chance.gauss(0, 0.4))
        if self.at_fault(other, "network"):
            there += self.fault.extra * self.chance.uniform(0.5, 1.5)
            self.fault.seen += 1
        if self.at_fault(other, "refused"):
            self.fault.seen += 1
            client.end, client.status = now + 0.5, FAILED
            return client.end, True, True
        if self.at_fault(other, "lost"):
            self.fault.seen += 1
            client.end, client.status = now + service.timeout, FAILED
            return client.end, True, False
        if self.at_fault(service, "token") and self.fault.target is target:
            self.fault.seen += 1
            answer = self.open(client.id, other, target.name, SERVER, now + there / 2, None, 0)
            answer.end, answer.status = now + there / 2 + 0.5, REFUSED
            client.end, client.status = answer.end + there / 2, REFUSED
            return client.end, True, False
        answer = self.serve(target, now + there / 2, client.id, SERVER)
        end = answer.end + there / 2
        if end - now > service.timeout:
            client.end, client.status = now + service.timeout, FAILED
            return client.end, True, False
        client.end = end
        if answer.status != FINE:
            client.status = answer.status
        return end, answer.status != FINE, True
