"""Sends metrics and logs with the OpenTelemetry SDK, and counts them where they have arrived.

usage: send_signals.py send grpc|http ADDRESS none|gzip    sends, and prints what it has sent
       send_signals.py count FILE                          prints the same of a file of OTLP/JSON lines
"""

import json
import logging
import sys


def exporters(protocol, address, compression):
    if protocol == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter

        chosen = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        common = {"endpoint": address, "insecure": True, "compression": chosen}
        return OTLPMetricExporter(**common), OTLPLogExporter(**common)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    chosen = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    return (OTLPMetricExporter(endpoint=f"http://{address}/v1/metrics", compression=chosen),
            OTLPLogExporter(endpoint=f"http://{address}/v1/logs", compression=chosen))


def send(protocol, address, compression):
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

    metrics, logs = exporters(protocol, address, compression)
    # Only the shutdown exports, so that each data point is sent once.
    reader = PeriodicExportingMetricReader(metrics, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], views=[
        View(instrument_name="steps", aggregation=ExponentialBucketHistogramAggregation())])
    meter = provider.get_meter("send_signals")
    meter.create_observable_gauge("gauge", [lambda options: [observation(0.5)]], unit="1", description="a gauge")
    meter.create_up_down_counter("depth").add(-3)
    counter = meter.create_counter("requests")
    histogram, steps = meter.create_histogram("latency", unit="ms"), meter.create_histogram("steps")
    for index in range(400):
        counter.add(index, {"index": index, "ünïcode": "内部"})
        histogram.record(index / 7)
        steps.record(index * index)
    provider.shutdown()

    logging_provider = LoggerProvider()
    logging_provider.add_log_record_processor(BatchLogRecordProcessor(logs))
    logger = logging.getLogger("send_signals")
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=logging_provider))
    logger.setLevel(logging.DEBUG)
    for index in range(1000):
        logger.log([logging.DEBUG, logging.INFO, logging.ERROR][index % 3], "record %d \"quoted\"\nü", index,
                   extra={"index": index})
    logging_provider.shutdown()
    report({"gauge": 1, "depth": 1, "requests": 400, "latency": 1, "steps": 1}, sum(range(400)), 400, 400,
           {f"record {index} \"quoted\"\nü" for index in range(1000)})


def observation(value):
    from opentelemetry.metrics import Observation

    return Observation(value)


def report(points, requests, latency, steps, bodies):
    print(json.dumps({"points": points, "requests": requests, "latency": latency, "steps": steps,
                      "bodies": sorted(bodies)}, sort_keys=True))


def count(path):
    points, requests, latency, steps, bodies = {}, 0, 0, 0, set()
    for line in open(path):
        document = json.loads(line)
        for resource in document.get("resourceMetrics", []):
            for metric in (one for scope in resource["scopeMetrics"] for one in scope["metrics"]):
                (data,) = [metric[kind] for kind in ("gauge", "sum", "histogram", "exponentialHistogram") if kind in metric]
                name = metric["name"]
                points[name] = points.get(name, 0) + len(data["dataPoints"])
                for point in data["dataPoints"]:
                    requests += int(point.get("asInt", 0)) if name == "requests" else 0
                    latency += sum(map(int, point["bucketCounts"])) if name == "latency" else 0
                    steps += sum(map(int, point["positive"]["bucketCounts"])) + int(point["zeroCount"]) if name == "steps" else 0
        for resource in document.get("resourceLogs", []):
            for record in (one for scope in resource["scopeLogs"] for one in scope["logRecords"]):
                bodies.add(record["body"]["stringValue"])
    report(points, requests, latency, steps, bodies)


if sys.argv[1] == "send":
    send(*sys.argv[2:])
else:
    count(sys.argv[2])
