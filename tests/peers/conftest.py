"""What the tests share: the stand-ins, the handler, and the programs that other people wrote."""

import contextlib
import json
import os
import pathlib
import subprocess
import uuid

import boto3
import botocore.config
import pytest
import requests
from azure.identity import ManagedIdentityCredential
from azure.mgmt.apicenter import ApiCenterMgmtClient

import prism
from catalog import Catalog
from processes import await_answer, first_line, free_port, running

ROOT = pathlib.Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
TARGET = pathlib.Path(os.environ["PEERS_TARGET"])
PACKAGES = TARGET / "peers" / "npm" / "node_modules"


@pytest.fixture(scope="session")
def shared():
    """The folder of recordings and specifications beside the project."""
    assert SHARED.is_dir(), f"{SHARED} is missing"
    return SHARED


@pytest.fixture(scope="session")
def documents():
    """The folder of OpenAPI documents that other people wrote."""
    return PACKAGES / "@readme" / "oas-examples"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where logs and other things of this run go."""
    return tmp_path_factory.mktemp("peers")


@pytest.fixture(scope="session")
def stand_ins(folder):
    """What the sandbox printed about the clouds it started."""
    with clouds(folder / "stand-ins.log") as printed:
        yield printed


@contextlib.contextmanager
def clouds(log, *arguments):
    """Clouds of the sandbox's; gives what it printed about them."""
    command = [TARGET / "debug" / "sandbox", "--stand-ins", *arguments]
    with running(command, log, cwd=ROOT, stdout=subprocess.PIPE) as process:
        yield json.loads(first_line(process, log))


@pytest.fixture(scope="session")
def ministack(folder):
    """The base URL of an Amazon API Gateway that somebody else wrote."""
    with amazon(folder / "ministack.log", SERVICES="apigateway") as url:
        yield url


@contextlib.contextmanager
def amazon(log, **more):
    """An Amazon that somebody else wrote, with these settings; gives its base URL."""
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"} | more
    command = [TARGET / "peers" / "python" / "bin" / "ministack"]
    with running(command, log, cwd=log.parent, env=os.environ | settings) as process:
        url = f"http://127.0.0.1:{port}"
        await_answer(f"{url}/_ministack/health", process, log)
        yield url


@pytest.fixture(scope="session")
def moto(folder):
    """The base URL of an IAM and a Security Token Service that somebody else wrote."""
    port, log = free_port(), folder / "moto.log"
    command = [TARGET / "peers" / "python" / "bin" / "moto_server", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, log, cwd=folder, env=os.environ | {"MOTO_RECORDER_FILEPATH": str(folder / "moto-recording")}) as process:
        url = f"http://127.0.0.1:{port}"
        await_answer(f"{url}/moto-api/", process, log)
        yield url


@pytest.fixture(scope="session")
def judge(shared, folder):
    """Prism, which knows the real service's specification and finds what is wrong with a request."""
    document = prism.lay_out(shared / "data" / "api-center", folder / "specification")
    port, log = free_port(), folder / "prism.log"
    command = [PACKAGES / ".bin" / "prism", "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), document]
    with running(command, log) as process:
        url = f"http://127.0.0.1:{port}"
        await_answer(url, process, log)
        yield prism.Judge(url)


@pytest.fixture(scope="session")
def handler(stand_ins, ministack, moto, folder):
    """The real handler, which takes on moto's roles, reads ministack's gateway and writes to the sandbox's API center."""
    with handler_between(stand_ins, ministack, moto, folder / "handler.log") as started:
        yield started


@contextlib.contextmanager
def handler_between(stand_ins, gateway, sts, log, **more):
    """The real handler, which reads the gateway at a URL and writes to the sandbox's API center; with more settings, if given."""
    port = free_port()
    settings = {
        "APICENTER_RESOURCE_ID": stand_ins["resourceId"],
        "AWS_ENDPOINT_URL_API_GATEWAY": gateway,
        "AWS_ENDPOINT_URL_APIGATEWAYV2": gateway,
        "AWS_ENDPOINT_URL_STS": sts,
        "AWS_WEB_IDENTITY_AUDIENCE": stand_ins["audience"],
        "AZURE_RESOURCE_MANAGER_URL": stand_ins["apiCenter"],
        "FUNCTIONS_CUSTOMHANDLER_PORT": str(port),
        "IDENTITY_ENDPOINT": stand_ins["identityEndpoint"],
        "IDENTITY_HEADER": stand_ins["identityHeader"],
        "KEY_VAULT_HOSTS": stand_ins["keyVault"].removeprefix("https://"),
        "SSL_CERT_FILE": stand_ins["caFile"],
    } | more
    settings |= {f"{budget}_PER_SECOND": "1000000" for budget in ("AWS_REQUESTS", "ARM_READS", "ARM_WRITES", "ARM_DELETES")}
    with running([TARGET / "debug" / "handler"], log, env=os.environ | settings) as process:
        url = f"http://127.0.0.1:{port}"
        await_answer(url, process, log)
        yield Handler(url, log)


class Handler:
    """The handler, called as the Functions host calls it."""

    def __init__(self, url, log):
        self.url = url
        self.log = log

    def call(self, method, path, **options):
        """A forwarded HTTP call."""
        return requests.request(method, f"{self.url}/api/{path}", headers=host_headers(), timeout=240, **options)

    def fire(self, envelope):
        """A timer's call: the host sends its envelope in chunks."""
        headers = host_headers() | {"Content-Type": "application/json; charset=utf-8"}
        return requests.post(f"{self.url}/function-timer", headers=headers, data=iter([envelope]), timeout=240)


def host_headers():
    """The headers that the host adds to every call."""
    return {"X-Azure-Functions-HostVersion": "4.1037.0.0", "X-Azure-Functions-InvocationId": str(uuid.uuid4())}


@pytest.fixture(scope="session")
def gateway_client(stand_ins):
    """Makes a boto3 client of a gateway, of the older version of its API unless told otherwise."""

    def client(url, secret_access_key=stand_ins["awsSecretAccessKey"], service="apigateway"):
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=stand_ins["region"],
            aws_access_key_id=stand_ins["awsAccessKeyId"],
            aws_secret_access_key=secret_access_key,
            config=botocore.config.Config(retries={"mode": "standard", "max_attempts": 5}),
        )

    return client


@pytest.fixture(scope="session")
def credential(stand_ins):
    """Microsoft's own credential, which gets its tokens from the sandbox as it would in a function app."""
    with credential_of(stand_ins) as found:
        yield found


@contextlib.contextmanager
def credential_of(stand_ins):
    """The same for some stand-ins."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("IDENTITY_ENDPOINT", stand_ins["identityEndpoint"])
        environment.setenv("IDENTITY_HEADER", stand_ins["identityHeader"])
        yield ManagedIdentityCredential()


@pytest.fixture(scope="session")
def catalog(stand_ins, credential):
    """The API center, seen through Microsoft's own client."""
    with catalog_of(stand_ins, credential) as found:
        yield found


@contextlib.contextmanager
def catalog_of(stand_ins, credential):
    """The API center of some stand-ins, seen through Microsoft's own client."""
    _, _, subscription, _, resource_group, _, _, _, service = stand_ins["resourceId"].split("/")
    with ApiCenterMgmtClient(
        credential,
        subscription,
        base_url=stand_ins["apiCenter"],
        credential_scopes=[f"{stand_ins['apiCenter']}/.default"],
        connection_verify=stand_ins["caFile"],
    ) as client:
        yield Catalog(client, resource_group, service)


@pytest.fixture(scope="session")
def az(stand_ins, folder):
    """Runs Microsoft's own command line against the sandbox; gives what it printed."""
    settings = {
        "AZURE_CONFIG_DIR": str(folder / "azure"),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "IDENTITY_ENDPOINT": stand_ins["identityEndpoint"],
        "IDENTITY_HEADER": stand_ins["identityHeader"],
        "REQUESTS_CA_BUNDLE": stand_ins["caFile"],
    }

    def run(*arguments):
        command = [TARGET / "peers" / "azure-cli" / "bin" / "az", *arguments, "--output", "json"]
        done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, f"az {' '.join(arguments)}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def pytest_unconfigure(config):
    """Ends with one line that any reader of a log understands."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        count = {outcome: len(reporter.stats.get(outcome, [])) for outcome in ("passed", "failed", "error")}
        print(f"{count['passed']} passed, {count['failed'] + count['error']} failed")
