"""The app settings: each one of the handler's and the host's, under its name and with its value."""

import re

import pytest

from conftest import ROOT

COMPANY_APIS = (
    "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/catalog-group"
    "/providers/Microsoft.ApiCenter/services/company-apis"
)


def host(snapshot):
    """What the Functions host reads."""
    component = snapshot.one("Microsoft.Insights/components")["id"]
    return {
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": f"[format('ClientId={{0}};Authorization=AAD', {snapshot.of_identity('clientId')})]",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"[reference('{component}', '2020-02-02').ConnectionString]",
        "AzureWebJobsStorage__accountName": snapshot.one("Microsoft.Storage/storageAccounts")["name"],
        "AzureWebJobsStorage__clientId": f"[{snapshot.of_identity('clientId')}]",
        "AzureWebJobsStorage__credential": "managedidentity",
    }


def handler(snapshot, schedule="0 0 * * * *"):
    """What the handler, and the schedule of its timer, need."""
    return {
        "AZURE_CLIENT_ID": f"[{snapshot.of_identity('clientId')}]",
        "AZURE_RESOURCE_MANAGER_URL": "[environment().resourceManager]",
        "SYNC_SCHEDULE": schedule,
    }


def vault(name):
    """The vault whose secrets may be named."""
    return {"KEY_VAULT_HOSTS": f"[format('{{0}}{{1}}', '{name}', environment().suffixes.keyvaultDns)]"}


def new_vault(snapshot):
    return vault(snapshot.one("Microsoft.KeyVault/vaults")["name"])


def new_center(snapshot):
    return {"APICENTER_RESOURCE_ID": snapshot.one("Microsoft.ApiCenter/services")["id"]}


@pytest.mark.parametrize("scenario", ["main", "everything-new", "longest-names", "shortest-names"])
def test_with_everything_new_the_new_ones_are_named(snapshots, scenario):
    snapshot = snapshots[scenario]
    assert snapshot.settings() == host(snapshot) | handler(snapshot) | new_center(snapshot) | new_vault(snapshot)


@pytest.mark.parametrize("scenario", ["existing-elsewhere", "built-in-role"])
def test_existing_ones_are_named_where_they_are(snapshots, scenario):
    snapshot = snapshots[scenario]
    existing = {"APICENTER_RESOURCE_ID": COMPANY_APIS} | vault("company-vault")
    assert snapshot.settings() == host(snapshot) | handler(snapshot) | existing


def test_without_keys_the_audience_is_named_and_no_vault(snapshots):
    snapshot = snapshots["keyless"]
    audience = {"AWS_WEB_IDENTITY_AUDIENCE": "api://apicenter-aws-sync"}
    assert snapshot.settings() == host(snapshot) | handler(snapshot) | new_center(snapshot) | audience


def test_another_schedule_is_the_timers(snapshots):
    snapshot = snapshots["action-group"]
    schedule = handler(snapshot, "0 30 */2 * * *")
    assert snapshot.settings() == host(snapshot) | schedule | new_center(snapshot) | new_vault(snapshot)


def test_everything_that_can_be_set_is_set(snapshots):
    snapshot = snapshots["all-settings"]
    given = {
        "ALL_PROXY": "http://all.example.com:8080",
        "ARM_DELETES_PER_SECOND": "7",
        "ARM_READS_PER_SECOND": "20",
        "ARM_WRITES_PER_SECOND": "8",
        "AWS_ENDPOINT_URL": "https://aws.example.com",
        "AWS_ENDPOINT_URL_API_GATEWAY": "https://gateway.example.com",
        "AWS_ENDPOINT_URL_APIGATEWAYV2": "https://gateway-v2.example.com",
        "AWS_ENDPOINT_URL_ORGANIZATIONS": "https://organizations.example.com",
        "AWS_ENDPOINT_URL_STS": "https://sts.example.com",
        "AWS_REQUESTS_PER_SECOND": "3",
        "AWS_WEB_IDENTITY_AUDIENCE": "api://audience",
        "HTTP_PROXY": "http://plain.example.com:8080",
        "HTTPS_PROXY": "http://proxy.example.com:8080",
        "HTTP_TIME_BUDGET_SECONDS": "150",
        "NO_PROXY": ".vault.azure.net",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.com:4318",
        "OTEL_EXPORTER_OTLP_HEADERS": "@Microsoft.KeyVault(SecretUri=https://telemetry.vault.azure.net/secrets/collector)",
        "OTEL_SERVICE_NAME": "inventory",
        "RUST_LOG": "debug",
        "SYNC_TIME_BUDGET_SECONDS": "1200",
    }
    schedule = handler(snapshot, "0 0 4 * * 1-5")
    assert snapshot.settings() == host(snapshot) | schedule | new_center(snapshot) | new_vault(snapshot) | given


def test_every_documented_setting_can_be_set(snapshots):
    section = (ROOT / "docs" / "settings.md").read_text().split("\n## App settings\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert len(documented) >= 13
    assert documented <= set(snapshots["all-settings"].settings())


def test_what_flex_consumption_does_not_take_is_never_set(snapshot):
    refused = re.compile(r"FUNCTIONS_|WEBSITE_|TZ$|AzureWebJobsStorage$|SCM_|ENABLE_ORYX")
    assert not [name for name in snapshot.settings() if refused.match(name)]
