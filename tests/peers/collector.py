"""A collector that understands telemetry by OpenTelemetry's own definitions of it."""

import contextlib
import http.server
import threading

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

MESSAGES = {
    "/v1/metrics": (metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse),
    "/v1/traces": (traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse),
}


class Collector(http.server.ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received = {path: [] for path in MESSAGES}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self):
        """All spans so far."""
        return [
            span
            for request in self.received["/v1/traces"]
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]

    def points(self, name):
        """The newest points of a metric, by the values of their attributes."""
        newest = {}
        for request in self.received["/v1/metrics"]:
            for of_resource in request.resource_metrics:
                for of_scope in of_resource.scope_metrics:
                    for metric in of_scope.metrics:
                        if metric.name == name:
                            points = getattr(metric, metric.WhichOneof("data")).data_points
                            newest = {tuple(key.value.string_value for key in point.attributes): point for point in points}
        return newest


class Receiver(http.server.BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self):
        request, response = MESSAGES[self.path]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/x-protobuf"
        message = request.FromString(body)
        assert len(UnknownFieldSet(message)) == 0
        self.server.received[self.path].append(message)
        answer = response().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Says nothing."""


@contextlib.contextmanager
def collecting():
    """Runs a collector until the block ends."""
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, daemon=True)
        thread.start()
        yield collector
        collector.shutdown()
