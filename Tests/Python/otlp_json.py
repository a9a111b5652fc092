"""Random OTLP messages in protobuf and in JSON, and the comparison of what became of them.

usage: otlp_json.py generate SEED COUNT     SIGNAL, protobuf in base64 and JSON, tab-separated, one message a line
       otlp_json.py check                   reads SIGNAL, the expected protobuf, the protobuf and the JSON that were
                                            made of it; prints what differs and ends with status 1 when anything does

The mapping is that of protobuf's own json_format, but for the ids, which OTLP writes in hex. The JSON uses all that the
mapping leaves open: numbers as strings, enums by name, null for what is absent, unknown keys, members in any order.
"""

import base64
import difflib
import json
import random
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest, "logs": ExportLogsServiceRequest}
IDS = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
ENUMS_BY_NAME = {"SeverityNumber", "AggregationTemporality", "SpanKind", "StatusCode"}
TEXTS = ["", "a", "http.request.method", "GET /cart/{id}", 'quote " back\\slash /', "tab\tline\nfeed\r", "\0\x01\x1f\x7f",
         "ünïcode", "内部错误", "🛒\u2028\u2029\ufeff", "x" * 130, "y" * 20000]
DOUBLES = [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e-300, 5e-324, 1.7976931348623157e308, 123456789.12345679,
           float("inf"), float("-inf"), float("nan")]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def scalar(self, field):
        pick = self.random
        if field.enum_type:
            return pick.choice([value.number for value in field.enum_type.values])
        if field.type == field.TYPE_BYTES:
            size = IDS.get(field.name)
            return pick.randbytes(pick.choice([size, size, size, 0]) if size else pick.randint(0, 40))
        if field.type == field.TYPE_STRING:
            return pick.choice(TEXTS[:-1] if pick.random() < 0.99 else TEXTS[-1:])
        if field.type == field.TYPE_BOOL:
            return pick.random() < 0.5
        if field.type == field.TYPE_DOUBLE:
            return pick.choice(DOUBLES + [pick.uniform(-1e6, 1e6)])
        signed = field.type in (field.TYPE_INT64, field.TYPE_SFIXED64, field.TYPE_SINT32, field.TYPE_INT32)
        bits = 32 if field.type in (field.TYPE_UINT32, field.TYPE_FIXED32, field.TYPE_SINT32, field.TYPE_INT32) else 64
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return pick.choice([low, high, 0, 1, pick.randint(low, high), pick.randint(0, 1000)])

    def fill(self, message, depth=0):
        descriptor = message.DESCRIPTOR
        chosen = {self.random.choice(oneof.fields) for oneof in descriptor.oneofs}
        for field in descriptor.fields:
            # Indexes into a dictionary that only profiles have.
            if field.name.endswith("strindex"):
                continue
            if field.containing_oneof and field not in chosen:
                continue
            if self.random.random() < (0.15 if depth > 1 else 0.05):
                continue
            deep = depth > (8 if descriptor.name in ("AnyValue", "KeyValue", "ArrayValue", "KeyValueList") else 99)
            if field.is_repeated:
                for _ in range(0 if deep else self.random.choice([0, 1, 1, 2, 3])):
                    if field.message_type:
                        self.fill(getattr(message, field.name).add(), depth + 1)
                    else:
                        getattr(message, field.name).append(self.scalar(field))
            elif field.message_type:
                if not deep:
                    getattr(message, field.name).SetInParent()
                    self.fill(getattr(message, field.name), depth + 1)
            else:
                setattr(message, field.name, self.scalar(field))
        return message

    def varied(self, value, descriptor):
        """The members of an object in another of the ways in which they may be written."""
        members = []
        for field in descriptor.fields:
            if field.name.endswith("strindex"):
                continue
            if field.json_name not in value:
                if not field.containing_oneof and self.random.random() < 0.1:
                    members.append((field.json_name, None))
                continue
            found = value[field.json_name]
            change = lambda one: self.varied(one, field.message_type) if field.message_type else self.written(one, field)
            members.append((field.json_name, [change(one) for one in found] if field.is_repeated else change(found)))
        if self.random.random() < 0.1:
            members.append((self.random.choice(["unknown", "Name", "time_unix_nano", "x" * 40]),
                            self.random.choice([None, 1, "x", [1, {"name": "y"}], {"dataPoints": [{"asInt": "7"}]}])))
        if self.random.random() < 0.2:
            self.random.shuffle(members)
        return dict(members)

    def written(self, value, field):
        pick = self.random
        if field.name in IDS:
            text = base64.b64decode(value).hex()
            return text.upper() if pick.random() < 0.2 else text
        if field.enum_type and pick.random() < 0.3 and field.enum_type.name in ENUMS_BY_NAME:
            return field.enum_type.values_by_number[value].name
        if isinstance(value, str) and field.type not in (field.TYPE_STRING, field.TYPE_BYTES, field.TYPE_DOUBLE):
            return int(value) if pick.random() < 0.3 else value
        if type(value) is int and not field.enum_type and pick.random() < 0.3:
            return str(value)
        return value


def generate(seed, count):
    generator = Generator(seed)
    for index in range(count):
        signal = list(REQUESTS)[index % 3]
        message = generator.fill(REQUESTS[signal]())
        plain = json_format.MessageToDict(message, use_integers_for_enums=True)
        value = generator.varied(plain, message.DESCRIPTOR)
        spaced = generator.random.random() < 0.2
        text = json.dumps(value, ensure_ascii=generator.random.random() < 0.3, separators=(", ", " : ") if spaced else (",", ":"))
        print(signal, base64.b64encode(message.SerializeToString(deterministic=True)).decode(), text, sep="\t")


def with_base64_ids(value):
    if isinstance(value, list):
        return [with_base64_ids(one) for one in value]
    if isinstance(value, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {key: base64.b64encode(bytes.fromhex(one)).decode() if key in ids else with_base64_ids(one)
                for key, one in value.items()}
    return value


def check():
    wrong = 0
    for number, line in enumerate(sys.stdin):
        signal, expected, made, text = line.rstrip("\n").split("\t", 3)
        expected = base64.b64decode(expected)
        message = REQUESTS[signal].FromString(base64.b64decode(made))
        back = json_format.ParseDict(with_base64_ids(json.loads(text)), REQUESTS[signal]())
        for name, found in [("from JSON", message), ("to JSON", back)]:
            if found.SerializeToString(deterministic=True) != expected:
                wrong += 1
                texts = [str(one).splitlines() for one in (REQUESTS[signal].FromString(expected), found)]
                print(f"message {number}, {name}:")
                print("\n".join(difflib.unified_diff(*texts, "expected", "found", lineterm="", n=6)))
    sys.exit(1 if wrong else 0)


if sys.argv[1] == "generate":
    generate(int(sys.argv[2]), int(sys.argv[3]))
else:
    check()
