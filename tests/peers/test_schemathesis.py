"""The interface's own description, and what Schemathesis makes of it against the handler behind the Functions host."""

import contextlib
import json
import os
import re
import subprocess

import pytest
import requests

from conftest import ROOT, TARGET
from processes import first_line, running

PROGRAM = TARGET / "peers" / "schemathesis" / "bin" / "schemathesis"
CONFIGURATION = ROOT / "tests" / "peers" / "schemathesis.toml"


@pytest.fixture(scope="module")
def host(folder):
    """A Functions host with the handler, between clouds of its own: what is tried here is no other test's business."""
    with contextlib.ExitStack() as stack:
        log = folder / "described-clouds.log"
        command = [TARGET / "debug" / "sandbox", "--stand-ins"]
        process = stack.enter_context(running(command, log, cwd=ROOT, stdout=subprocess.PIPE))
        clouds = json.loads(first_line(process, log))
        log = folder / "described-host.log"
        command = [TARGET / "debug" / "sandbox", "host", "--app", ROOT, "--handler", TARGET / "debug" / "handler"]
        for name, value in settings(clouds).items():
            command += ["--setting", f"{name}={value}"]
        process = stack.enter_context(running(command, log, cwd=ROOT, stdout=subprocess.PIPE))
        told = json.loads(first_line(process, log))
        secret = f"{clouds['keyVault']}/secrets/aws-"
        source = {"accessKey": f"{secret}access-key", "secretAccessKey": f"{secret}secret-access-key", "regionName": clouds["region"]}
        for name in ("shop", "other"):
            answer = requests.put(
                f"{told['url']}/api/integrations/{name}",
                headers={"x-functions-key": told["functionKey"]},
                json={"properties": {"amazonApiGatewaySource": source}},
                timeout=240,
            )
            assert answer.status_code == 201, answer.text
        yield told


def settings(clouds):
    """What the handler is told: where the clouds are, and budgets that are not run into."""
    told = {
        "APICENTER_RESOURCE_ID": clouds["resourceId"],
        "AWS_ENDPOINT_URL_API_GATEWAY": clouds["apiGateway"],
        "AWS_ENDPOINT_URL_APIGATEWAYV2": clouds["apiGateway"],
        "AWS_ENDPOINT_URL_STS": clouds["sts"],
        "AZURE_RESOURCE_MANAGER_URL": clouds["apiCenter"],
        "IDENTITY_ENDPOINT": clouds["identityEndpoint"],
        "IDENTITY_HEADER": clouds["identityHeader"],
        "KEY_VAULT_HOSTS": clouds["keyVault"].removeprefix("https://"),
        "SSL_CERT_FILE": clouds["caFile"],
        "SYNC_SCHEDULE": "0 0 * * * *",
    }
    return told | {f"{budget}_PER_SECOND": "1000000" for budget in ("AWS_REQUESTS", "ARM_READS", "ARM_WRITES", "ARM_DELETES")}


def test_the_handler_is_as_its_description_says(host, folder, capfd):
    """All of Schemathesis' checks, over all operations."""
    key = {"x-functions-key": host["functionKey"]}
    document = requests.get(f"{host['url']}/api/integrations/openapi.json", headers=key, timeout=60)
    # From a file: of an address, it would leave that one out.
    (folder / "openapi.json").write_text(document.text)
    operations = [method for item in document.json()["paths"].values() for method in item if method != "parameters"]
    command = [
        PROGRAM, "--config-file", CONFIGURATION, "run", folder / "openapi.json",
        "--url", host["url"], "--header", f"x-functions-key:{host['functionKey']}", "--checks", "all", "--no-color",
    ]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"COLUMNS": "120"}, capture_output=True, text=True, timeout=1200, check=False)
    summary = done.stdout[done.stdout.find("= SUMMARY ="):]
    with capfd.disabled():
        print(f"\n{summary}")
    assert done.returncode == 0, done.stdout + done.stderr
    tested = re.search(r"Tested: (\d+)", summary)
    assert tested and int(tested[1]) == len(operations) >= 7, summary
