"""What the handler exports is telemetry by OpenTelemetry's own definitions."""

import os
import signal

import requests
from opentelemetry.proto.trace.v1 import trace_pb2 as trace

from collector import collecting
from conftest import TARGET, host_headers
from processes import await_answer, free_port, running

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_call_arrives_as_a_trace_and_as_metrics(stand_ins, folder):
    port, log = free_port(), folder / "observed-handler.log"
    with collecting() as collector:
        settings = {
            "APICENTER_RESOURCE_ID": stand_ins["resourceId"],
            "AZURE_RESOURCE_MANAGER_URL": stand_ins["apiCenter"],
            "FUNCTIONS_CUSTOMHANDLER_PORT": str(port),
            "IDENTITY_ENDPOINT": stand_ins["identityEndpoint"],
            "IDENTITY_HEADER": stand_ins["identityHeader"],
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "SSL_CERT_FILE": stand_ins["caFile"],
        }
        with running([TARGET / "debug" / "handler"], log, env=os.environ | settings) as process:
            url = f"http://127.0.0.1:{port}"
            await_answer(url, process, log)
            headers = host_headers() | {"traceparent": f"00-{TRACE}-{PARENT}-00"}
            assert requests.get(f"{url}/api/integrations", headers=headers, timeout=240).status_code == 200
            # At its end it exports what it has not exported yet.
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 143

    spans = collector.spans()
    [call] = [span for span in spans if span.name == "GET /api/integrations"]
    assert (call.trace_id.hex(), call.parent_span_id.hex()) == (TRACE, PARENT)
    assert call.kind == trace.Span.SPAN_KIND_SERVER
    below = [span for span in spans if span.kind == trace.Span.SPAN_KIND_CLIENT]
    assert below and all(span.parent_span_id == call.span_id and span.trace_id == call.trace_id for span in below)
    requests_sent = collector.points("sync.requests")
    assert {peer for peer, _ in requests_sent} == {"azure", "identity"}
    assert sum(point.as_int for point in requests_sent.values()) == len(below)
