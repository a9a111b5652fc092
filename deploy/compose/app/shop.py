"""A shop that sells when asked and fails on demand: GET /buy, GET /buy?fail=1, GET /buy?slow=1.

Traces and logs go where OTEL_EXPORTER_OTLP_ENDPOINT says.
"""

import logging
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=500))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("shop")

logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=500))
set_logger_provider(logs)
log = logging.getLogger("shop")
log.addHandler(LoggingHandler(logger_provider=logs))
log.setLevel(logging.INFO)


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        wishes = parse_qs(url.query)
        if url.path == "/healthz":
            return self.answer(200, "ok")
        if url.path != "/buy":
            return self.answer(404, "there is /buy")
        with tracer.start_as_current_span("GET /buy", kind=SpanKind.SERVER) as span:
            span.set_attribute("http.request.method", "GET")
            with tracer.start_as_current_span("POST /charge", kind=SpanKind.CLIENT) as charge:
                charge.set_attribute("peer.service", "bank")
                time.sleep(1 if "slow" in wishes else 0.01)
                if "fail" in wishes:
                    charge.set_status(Status(StatusCode.ERROR, "card declined"))
            status = 502 if "fail" in wishes else 200
            span.set_attribute("http.response.status_code", status)
            if status == 502:
                span.set_status(Status(StatusCode.ERROR, "the bank declined"))
                log.error("charge failed: card declined")
            else:
                log.info("sold")
            identifier = format(span.get_span_context().trace_id, "032x")
        self.answer(status, identifier)

    def answer(self, status, text):
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ.get("PORT", "8000"))), Shop).serve_forever()
