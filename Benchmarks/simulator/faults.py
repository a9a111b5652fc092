"""The kinds of fault that the simulator plays."""
import random


class Fault:
    """One fault: at whom it strikes, how, and in which requests."""

    def __init__(self, kind, service, start, share, extra=0.0):
        self.kind, self.service, self.start, self.share, self.extra = kind, service, start, share, extra
        self.replica = self.operation = self.target = self.tenant = None
        self.times = 12
        #: How many times it struck.
        self.seen = 0
        #: Names that are right answers.
        self.culprits = {service.name}

    def takes(self, play, time):
        """Whether it strikes a request that begins at a time."""
        if time < self.start:
            return False
        if self.tenant is not None and play.tenant != self.tenant:
            return False
        return play.chance.random() < self.share

    def after_pause(self, time, play):
        """When a process that stops now and then goes on."""
        if time < self.start or self.share <= 0:
            return time
        period = self.extra / max(0.01, min(0.9, self.share))
        since = (time - self.start) % period
        if since < self.extra:
            self.seen += 1
            return time + self.extra - since
        return time


def called(system):
    """Services that others call at once, with how often they are asked."""
    return [service for service in system.services if service.layer >= 1 and not service.consumer]


def make(name, system, seed, start, share):
    """A fault of a kind somewhere in a system; nil when there is no place for it."""
    chance = random.Random(f"fault {name} {seed}")
    services = called(system)
    leaves = [service for service in services if not any(step.kind == "call" for one in service.operations for step in one.steps)]
    extra = chance.uniform(60, 400)
    pick = chance.choice
    if name == "slow leaf":
        return Fault("slow", pick(leaves or services), start, share, extra)
    if name == "slow edge":
        return Fault("network", pick(services), start, share, extra)
    if name == "failing leaf":
        return Fault("fail", pick(leaves or services), start, share)
    if name == "refused connection":
        return Fault("refused", pick(services), start, share)
    if name == "hang with span":
        return Fault("hang", pick(services), start, share, 15_000)
    if name == "hang without span":
        return Fault("lost", pick(services), start, share)
    if name == "exhausted pool":
        return Fault("pool", pick(services), start, share, extra)
    if name == "retry storm":
        fault = Fault("storm", pick(services), start, share)
        for service in system.services:
            if any(step.kind == "call" and step.target.service is fault.service for one in service.operations for step in one.steps):
                service.retries = 2
        return fault
    if name == "lost cache":
        cached = [service for service in services if service.cache]
        if not cached:
            return None
        fault = Fault("lost_cache", pick(cached), start, share)
        fault.culprits.add(fault.service.cache)
        return fault
    if name == "n plus one":
        able = [(service, one) for service in services for one in service.operations
                if any(step.kind in ("call", "query") and step.probability == 1 for step in one.steps)]
        if not able:
            return None
        service, operation = pick(able)
        fault = Fault("n_plus_one", service, start, share)
        fault.operation = operation
        return fault
    if name == "missing token":
        able = [(service, step.target) for service in services + [system.entry] for one in service.operations
                for step in one.steps if step.kind == "call"]
        if not able:
            return None
        service, target = pick(able)
        fault = Fault("token", service, start, share)
        fault.target = target
        return fault
    if name == "bad version":
        service = pick(services)
        service.replicas = 5
        fault = Fault(pick(("slow", "fail")), service, start, 1.0 if share >= 1 else share * 5, extra)
        fault.share = min(1.0, fault.share)
        fault.replica = 2
        return fault
    if name == "bad tenant":
        fault = Fault("tenant", pick(services), start, share, extra)
        fault.tenant = system.tenants[1]
        return fault
    if name == "slow consumer":
        consumers = [service for service in system.services if service.consumer]
        return Fault("consumer", pick(consumers), start, share, extra * 5)
    if name == "collection pauses":
        return Fault("gc", pick(services), start, share, chance.uniform(300, 1200))
    raise ValueError(name)


KINDS = ["slow leaf", "slow edge", "failing leaf", "refused connection", "hang with span", "hang without span",
         "exhausted pool", "retry storm", "lost cache", "n plus one", "missing token", "bad version", "bad tenant",
         "slow consumer", "collection pauses"]
