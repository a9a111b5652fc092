"""Sends spans with the OpenTelemetry SDK and prints each as a JSON line.

usage: send_spans.py grpc|http ADDRESS none|gzip|deflate < SPEC

SPEC is a JSON array of {"service", "name", "ms", "error", "count"}; a span ends one to ten seconds ago.
"""

import json
import sys
import time

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode


def exporter(protocol, address, compression):
    if protocol == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        chosen = {
            "none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate,
        }[compression]
        return OTLPSpanExporter(endpoint=address, insecure=True, compression=chosen)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    chosen = {"none": Compression.NoCompression, "gzip": Compression.Gzip, "deflate": Compression.Deflate}[compression]
    return OTLPSpanExporter(endpoint=f"http://{address}/v1/traces", compression=chosen)


def main():
    protocol, address, compression = sys.argv[1:]
    now = time.time_ns()
    for group in json.load(sys.stdin):
        provider = TracerProvider(resource=Resource.create({"service.name": group["service"]}))
        provider.add_span_processor(BatchSpanProcessor(exporter(protocol, address, compression)))
        tracer = provider.get_tracer("send_spans")
        for index in range(group["count"]):
            end = now - 1_000_000_000 - index % 10 * 1_000_000_000
            start = end - group["ms"] * 1_000_000
            attributes = {"text": f"quote \" and ünïcode {index}", "number": index, "share": index / 7, "flag": index % 2 == 0}
            span = tracer.start_span(group["name"], kind=SpanKind.SERVER, start_time=start, attributes=attributes)
            if group["error"]:
                span.set_status(Status(StatusCode.ERROR, "planned"))
            span.end(end_time=end)
            context = span.get_span_context()
            print(json.dumps({
                "trace": f"{context.trace_id:032x}", "span": f"{context.span_id:016x}", "name": group["name"],
                "start": str(start), "end": str(end), "attributes": attributes,
            }))
        provider.shutdown()


main()
