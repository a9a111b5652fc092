"""A system of services made from a seed: what each operation does, and on what it depends."""
import dataclasses
import random

SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()


def word(chance, length):
    return "".join(chance.choice(SYLLABLES) for _ in range(length))


@dataclasses.dataclass
class Step:
    """Part of an operation: work, a call, a query, a look into a cache, a message."""
    kind: str
    target: object = None
    probability: float = 1.0
    parallel: bool = False


@dataclasses.dataclass(eq=False)
class Operation:
    service: object
    name: str
    work: float
    steps: list
    #: How much its own time varies, as the sigma of a log-normal distribution.
    spread: float = 0.4


@dataclasses.dataclass(eq=False)
class Service:
    name: str
    layer: int
    replicas: int
    threads: int
    operations: list
    database: str = ""
    cache: str = ""
    query: float = 2.0
    hit_ratio: float = 0.9
    network: float = 0.6
    timeout: float = 2000.0
    retries: int = 0
    error_share: float = 0.0
    consumer: bool = False


class System:
    """Services in layers: an entry, those that it calls, those that these call, and consumers of messages."""

    def __init__(self, seed):
        chance = random.Random(f"system {seed}")
        names = set()
        while len(names) < 24:
            names.add(word(chance, chance.randint(2, 4)))
        names = sorted(names)
        chance.shuffle(names)
        self.services = []
        layers = [1, chance.randint(2, 4), chance.randint(3, 5), chance.randint(2, 4)]
        for layer, count in enumerate(layers):
            for _ in range(count):
                self.services.append(self.service(chance, names.pop(), layer))
        for _ in range(chance.randint(1, 2)):
            consumer = self.service(chance, names.pop(), len(layers))
            consumer.consumer = True
            self.services.append(consumer)
        for service in self.services:
            for number in range(chance.randint(3, 5) if service.layer == 0 else chance.randint(1, 3)):
                verb = chance.choice(("get", "list", "put", "check", "find", "handle"))
                service.operations.append(
                    Operation(service, f"{verb} /{word(chance, 2)}{number}", chance.uniform(1, 12), [],
                              spread=chance.uniform(0.2, 0.7)))
        for service in self.services:
            for operation in service.operations:
                self.fill(chance, operation)
        self.entry = self.services[0]
        self.tenants = [word(chance, 2) for _ in range(12)]
        self.link_everything(chance)

    @staticmethod
    def service(chance, name, layer):
        service = Service(name, layer, replicas=chance.choice((1, 2, 3, 5)), threads=chance.choice((8, 16, 32)), operations=[])
        service.query = chance.uniform(0.8, 6)
        service.network = chance.uniform(0.3, 1.5)
        service.timeout = chance.choice((1000.0, 2000.0, 5000.0))
        service.retries = chance.choice((0, 0, 2))
        service.error_share = chance.choice((0, 0, 0, 0.002, 0.01))
        service.hit_ratio = chance.uniform(0.8, 0.98)
        if layer >= 1 and chance.random() < 0.6:
            service.database = chance.choice(("postgresql", "mysql", "mongodb"))
        if layer >= 1 and service.database and chance.random() < 0.5:
            service.cache = "redis"
        return service

    def below(self, layer):
        return [operation for service in self.services for operation in service.operations
                if service.layer > layer and not service.consumer]

    def fill(self, chance, operation):
        service = operation.service
        targets = self.below(service.layer)
        near = [one for one in targets if one.service.layer == service.layer + 1] or targets
        count = {0: chance.randint(2, 4), 1: chance.randint(1, 3)}.get(service.layer, chance.randint(0, 1))
        if near:
            parallel = chance.random() < 0.25
            for _ in range(count):
                pick = chance.choice(near if chance.random() < 0.8 else targets)
                operation.steps.append(Step("call", pick, chance.choice((1, 1, 1, 0.5, 0.2)), parallel))
        if service.cache:
            operation.steps.append(Step("cache"))
        elif service.database:
            operation.steps += [Step("query")] * chance.randint(1, 2)
        consumers = [one for one in self.services if one.consumer]
        if service.layer == 1 and consumers and chance.random() < 0.4 and not service.consumer:
            operation.steps.append(Step("send", chance.choice(consumers), chance.choice((1, 0.5))))

    def link_everything(self, chance):
        """Services that nothing calls are called by somebody, so that each can be at fault."""
        called = {step.target.service for service in self.services for operation in service.operations
                  for step in operation.steps if step.kind == "call"}
        called |= {step.target for service in self.services for operation in service.operations
                   for step in operation.steps if step.kind == "send"}
        for service in self.services[1:]:
            if service in called:
                continue
            callers = [operation for one in self.services for operation in one.operations
                       if one.layer == (1 if service.consumer else service.layer - 1) and not one.consumer]
            target = service if service.consumer else chance.choice(service.operations)
            chance.choice(callers).steps.append(Step("send" if service.consumer else "call", target))
