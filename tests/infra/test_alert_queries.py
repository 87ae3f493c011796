"""The alerts' queries: in order as Kusto's own language service sees them, and run by a KQL engine over what the real handler logs."""

import json
import os
import subprocess
import types

import boto3
import pytest
import requests

from conftest import INFRA, ROOT, TARGET
from processes import await_answer, first_line, free_port, running
from workspace import SCHEMAS, Workspace

QUERIES = {file.stem: file.read_text() for file in sorted((INFRA / "alerts").glob("*.kql"))}


def judge(queries):
    """What Kusto's language service finds wrong with each query, and the columns of its result."""
    done = subprocess.run(
        ["node", ROOT / "tests/infra/query.js"],
        input=json.dumps({"tables": SCHEMAS, "queries": queries}),
        env=os.environ | {"NODE_PATH": str(TARGET / "infra" / "npm" / "node_modules")},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_queries_are_good_kql_and_name_their_subject():
    assert set(QUERIES) == {"deletions-held", "failed-run", "no-successful-run"}
    assert judge(QUERIES) == dict.fromkeys(QUERIES, {"problems": [], "columns": ["Subject"]})


def test_a_query_with_a_slip_would_be_seen():
    slips = [("Message", "Mesage"), ("tostring(", "toString("), ("| where", "| were"), ("'sync'", "'sync")]
    slipped = {f"{name}: {bad}": query.replace(good, bad) for name, query in QUERIES.items() for good, bad in slips}
    found = judge(slipped)
    assert len(found) == 12
    assert [name for name, verdict in found.items() if not verdict["problems"]] == []


@pytest.fixture(scope="module")
def clouds(tmp_path_factory):
    """The sandbox's clouds, with a filled gateway."""
    log = tmp_path_factory.mktemp("clouds") / "stand-ins.log"
    with running([TARGET / "debug" / "sandbox", "--stand-ins"], log, cwd=ROOT, stdout=subprocess.PIPE) as process:
        yield json.loads(first_line(process, log))


@pytest.fixture(scope="module")
def handler(clouds, tmp_path_factory):
    """The real handler, and the workspace that its lines and runs go to."""
    port, log = free_port(), tmp_path_factory.mktemp("handler") / "handler.log"
    settings = {
        "APICENTER_RESOURCE_ID": clouds["resourceId"],
        "AWS_ENDPOINT_URL_API_GATEWAY": clouds["apiGateway"],
        "AWS_ENDPOINT_URL_APIGATEWAYV2": clouds["apiGateway"],
        "AZURE_RESOURCE_MANAGER_URL": clouds["apiCenter"],
        "FUNCTIONS_CUSTOMHANDLER_PORT": str(port),
        "IDENTITY_ENDPOINT": clouds["identityEndpoint"],
        "IDENTITY_HEADER": clouds["identityHeader"],
        "KEY_VAULT_HOSTS": clouds["keyVault"].removeprefix("https://"),
        "SSL_CERT_FILE": clouds["caFile"],
    }
    settings |= {f"{budget}_PER_SECOND": "1000000" for budget in ("AWS_REQUESTS", "ARM_READS", "ARM_WRITES", "ARM_DELETES")}
    with running([TARGET / "debug" / "handler"], log, env=os.environ | settings) as process:
        url = f"http://127.0.0.1:{port}"
        await_answer(url, process, log)
        yield types.SimpleNamespace(url=url, log=log, workspace=Workspace(), taken=0)


@pytest.fixture(scope="module")
def gateway(clouds):
    """A client of the gateway."""
    return boto3.client(
        "apigateway",
        endpoint_url=clouds["apiGateway"],
        region_name=clouds["region"],
        aws_access_key_id=clouds["awsAccessKeyId"],
        aws_secret_access_key=clouds["awsSecretAccessKey"],
    )


def fire(handler):
    """A timer run, counted as the host counts it."""
    answer = requests.post(
        f"{handler.url}/function-timer", json={"Data": {"timer": {"IsPastDue": False}}, "Metadata": {}}, timeout=240
    )
    handler.workspace.request("function-timer", answer.ok)
    return answer


def call(handler, method, path, **options):
    """A call of a user."""
    answer = requests.request(method, f"{handler.url}/api/integrations/shop{path}", timeout=240, **options)
    handler.workspace.request("function-http", answer.ok)
    return answer


def alerts(handler):
    """What each alert is about, once the lines so far are in the workspace."""
    lines = handler.log.read_text().splitlines()
    for line in lines[handler.taken :]:
        handler.workspace.trace(line)
    handler.taken = len(lines)
    return {name: handler.workspace.subjects(query) for name, query in QUERIES.items()}


SILENCE = {"deletions-held": [], "failed-run": [], "no-successful-run": []}


# One story: each test goes on where the one before it stopped.
def test_when_nothing_runs_at_all_the_success_of_the_timer_is_missed(handler):
    assert alerts(handler) == SILENCE | {"no-successful-run": ["the timer"]}


def test_an_api_center_without_integrations_is_in_order(handler):
    assert fire(handler).status_code == 200
    assert alerts(handler) == SILENCE


def test_a_run_that_succeeds_is_in_order(handler, clouds):
    secrets = f"{clouds['keyVault']}/secrets"
    source = {
        "accessKey": f"{secrets}/aws-access-key",
        "secretAccessKey": f"{secrets}/aws-secret-access-key",
        "regionName": clouds["region"],
    }
    made = call(handler, "PUT", "", json={"properties": {"amazonApiGatewaySource": source}})
    assert (made.status_code, made.json()["properties"]["lastSync"]["outcome"]) == (201, "succeeded")
    assert alerts(handler) == SILENCE


def test_deletions_that_are_held_are_told_of(handler, gateway):
    listed = gateway.get_rest_apis(limit=500)["items"]
    for rest_api in listed[:8]:
        gateway.delete_rest_api(restApiId=rest_api["id"])
    assert fire(handler).status_code == 200
    assert alerts(handler) == SILENCE | {"deletions-held": ["shop"]}


def test_held_deletions_are_no_success(handler):
    later = Workspace()
    later.request("function-timer", True)
    line = [line for line in handler.log.read_text().splitlines() if json.loads(line).get("event") == "sync"][-1]
    later.trace(line)
    assert later.subjects(QUERIES["no-successful-run"]) == ["shop"]


def test_a_confirmation_ends_the_alert(handler):
    held = call(handler, "GET", "").json()["properties"]["lastSync"]
    confirmed = call(handler, "POST", "/sync", params={"confirmDeletions": held["deletionsId"]})
    assert (confirmed.status_code, confirmed.json()["deleted"]) == (200, 8)
    assert alerts(handler) == SILENCE


def test_a_run_that_fails_is_told_of_with_its_integration(handler, clouds):
    denial = {"status": 403, "headers": {}, "body": {"message": "no"}}
    requests.post(
        f"{clouds['control']}/faults", json={"service": "apiGateway", "fault": {"answer": denial}}, timeout=10
    ).raise_for_status()
    assert fire(handler).status_code == 500
    assert alerts(handler) == SILENCE | {"failed-run": ["shop", "the timer"]}


def test_a_period_with_nothing_but_failures_has_no_success(handler):
    later = Workspace()
    later.request("function-timer", False)
    later.trace([line for line in handler.log.read_text().splitlines() if json.loads(line).get("event") == "sync"][-1])
    assert later.subjects(QUERIES["no-successful-run"]) == ["shop", "the timer"]
