"""What a deployment makes: every scenario's resources, and their properties as values."""

import re

import pytest
import yaml

from conftest import INFRA, ROOT, SCENARIOS
from snapshot import GROUP, ROLES, SUBSCRIPTION, leaves

GUIDE = (ROOT / "docs" / "deploy.md").read_text()

PLAN = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": 1,
    "Microsoft.Storage/storageAccounts": 1,
    "Microsoft.Storage/storageAccounts/blobServices": 1,
    "Microsoft.Storage/storageAccounts/blobServices/containers": 1,
    "Microsoft.OperationalInsights/workspaces": 1,
    "Microsoft.Insights/components": 1,
    "Microsoft.Web/serverfarms": 1,
    "Microsoft.Web/sites": 1,
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": 2,
}
API_CENTER = {"Microsoft.ApiCenter/services": 1}
VAULT = {"Microsoft.KeyVault/vaults": 1}
CUSTOM_ROLE = {"Microsoft.Authorization/roleDefinitions": 1}
THREE_ALERTS = {"Microsoft.Insights/scheduledQueryRules": 3}
TWO_ALERTS = {"Microsoft.Insights/scheduledQueryRules": 2}


@pytest.mark.parametrize(
    ("scenario", "resources"),
    [
        ("main", PLAN | API_CENTER | VAULT | CUSTOM_ROLE | THREE_ALERTS | {ROLES: 4}),
        ("everything-new", PLAN | API_CENTER | VAULT | CUSTOM_ROLE | THREE_ALERTS | {ROLES: 4}),
        ("longest-names", PLAN | API_CENTER | VAULT | CUSTOM_ROLE | THREE_ALERTS | {ROLES: 4}),
        ("shortest-names", PLAN | API_CENTER | VAULT | CUSTOM_ROLE | THREE_ALERTS | {ROLES: 4}),
        ("action-group", PLAN | API_CENTER | VAULT | CUSTOM_ROLE | THREE_ALERTS | {ROLES: 4}),
        ("all-settings", PLAN | API_CENTER | VAULT | CUSTOM_ROLE | TWO_ALERTS | {ROLES: 4}),
        ("keyless", PLAN | API_CENTER | CUSTOM_ROLE | THREE_ALERTS | {ROLES: 3}),
        ("existing-elsewhere", PLAN | CUSTOM_ROLE | THREE_ALERTS | {ROLES: 5}),
        ("built-in-role", PLAN | {ROLES: 4}),
    ],
)
def test_a_scenario_makes_these_resources_and_no_others(snapshots, scenario, resources):
    assert snapshots[scenario].types() == resources


def test_the_parameter_file_that_is_published_makes_everything_new(snapshots):
    assert snapshots["main"].resources == snapshots["everything-new"].resources
    assert snapshots["main"].outputs == snapshots["everything-new"].outputs


def test_storage_is_reached_by_identity_only(snapshot):
    account = snapshot.one("Microsoft.Storage/storageAccounts")
    assert account["properties"] == {
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "allowSharedKeyAccess": False,
        "defaultToOAuthAuthentication": True,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
    }
    container = snapshot.one("Microsoft.Storage/storageAccounts/blobServices/containers")
    assert container["properties"] == {"publicAccess": "None"}
    assert container["name"] == f"{account['name']}/default/packages"


def test_telemetry_is_taken_from_identities_only(snapshot):
    workspace = snapshot.one("Microsoft.OperationalInsights/workspaces")
    assert workspace["properties"]["features"] == {"disableLocalAuth": True}
    assert snapshot.one("Microsoft.Insights/components")["properties"] == {
        "Application_Type": "web",
        "DisableLocalAuth": True,
        "IngestionMode": "LogAnalytics",
        "WorkspaceResourceId": workspace["id"],
    }


def test_logs_are_kept_as_long_as_asked_for(snapshots):
    kept = {
        name: snapshot.one("Microsoft.OperationalInsights/workspaces")["properties"]["retentionInDays"]
        for name, snapshot in snapshots.items()
    }
    assert kept == dict.fromkeys(snapshots, 30) | {"all-settings": 90}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_function_app_is_a_small_custom_handler_on_flex_consumption(snapshots, scenario):
    snapshot = snapshots[scenario]
    memory, instances = (4096, 1000) if scenario == "all-settings" else (512, 40)
    plan = snapshot.one("Microsoft.Web/serverfarms")
    assert (plan["sku"], plan["properties"]) == ({"name": "FC1", "tier": "FlexConsumption"}, {"reserved": True})
    app = snapshot.one("Microsoft.Web/sites")
    account = snapshot.one("Microsoft.Storage/storageAccounts")
    assert app["kind"] == "functionapp,linux"
    assert app["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {snapshot.identity(): {}}}
    assert app["properties"]["serverFarmId"] == plan["id"]
    assert app["properties"]["functionAppConfig"] == {
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": f"[format('{{0}}{{1}}', reference('{account['id']}', '2026-06-01').primaryEndpoints.blob, 'packages')]",
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "userAssignedIdentityResourceId": snapshot.identity(),
                },
            }
        },
        "runtime": {"name": "custom", "version": "1.0"},
        "scaleAndConcurrency": {"instanceMemoryMB": memory, "maximumInstanceCount": instances},
    }


def test_the_function_app_takes_https_and_nobodys_password(snapshot):
    app = snapshot.one("Microsoft.Web/sites")
    assert app["properties"]["httpsOnly"] is True
    # Flex Consumption refuses a template that names any other of the familiar ones: ftpsState, alwaysOn, linuxFxVersion…
    assert {name: value for name, value in app["properties"]["siteConfig"].items() if name != "appSettings"} == {
        "http20Enabled": True,
        "minTlsVersion": "1.2",
        "scmMinTlsVersion": "1.2",
    }
    policies = snapshot.all("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {policy["name"]: policy["properties"] for policy in policies} == {
        f"{app['name']}/ftp": {"allow": False},
        f"{app['name']}/scm": {"allow": False},
    }


def test_a_key_vault_that_is_made_can_be_opened_by_roles_only_and_not_be_purged(snapshots):
    made = [
        snapshot.one("Microsoft.KeyVault/vaults")
        for snapshot in snapshots.values()
        if "Microsoft.KeyVault/vaults" in snapshot.types()
    ]
    assert len(made) == 6
    for vault in made:
        assert {name: value for name, value in vault["properties"].items() if name not in ("sku", "tenantId")} == {
            "enablePurgeProtection": True,
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
        }


def test_an_api_center_that_is_made_can_be_in_another_region(snapshots):
    made = snapshots["all-settings"]
    assert made.one("Microsoft.ApiCenter/services")["location"] == "westeurope"
    assert {resource["location"] for resource in made.resources if "location" in resource} == {"westeurope", "northeurope"}
    assert made.one("Microsoft.Web/sites")["location"] == "northeurope"


def test_names_places_and_size_are_variables_of_azd(deployed_with):
    snapshot = deployed_with(
        API_CENTER_NAME="company-apis",
        API_CENTER_LOCATION="northeurope",
        KEY_VAULT_NAME="company-keys",
        INSTANCE_MEMORY_MB="2048",
        MAXIMUM_INSTANCE_COUNT="100",
    )
    center = snapshot.one("Microsoft.ApiCenter/services")
    assert (center["name"], center["location"]) == ("company-apis", "northeurope")
    assert snapshot.one("Microsoft.KeyVault/vaults")["name"] == "company-keys"
    app = snapshot.one("Microsoft.Web/sites")
    assert app["location"] == "westeurope"
    assert app["properties"]["functionAppConfig"]["scaleAndConcurrency"] == {
        "instanceMemoryMB": 2048,
        "maximumInstanceCount": 100,
    }


def test_the_guide_has_every_parameter_with_its_variable():
    given = dict(
        re.findall(r"^param (\w+) = .*?readEnvironmentVariable\('(\w+)'", (INFRA / "main.bicepparam").read_text(), re.MULTILINE)
    )
    # Which azd sets itself.
    assert given.pop("tags") == "AZURE_ENV_NAME"
    table = re.findall(r"^\| `(\w+)` \| (?:`([A-Z_]+)`|–) \|", GUIDE, re.MULTILINE)
    assert {parameter: variable for parameter, variable in table if variable} == given
    parameters = re.findall(r"^param (\w+)", (INFRA / "main.bicep").read_text(), re.MULTILINE)
    assert {parameter for parameter, _ in table} <= set(parameters)


def test_the_guide_registers_the_providers_of_everything_that_is_made(snapshots):
    made = {kind.split("/")[0] for snapshot in snapshots.values() for kind in snapshot.types()}
    # That of roles is registered in every subscription.
    (registered,) = re.findall(r"^for provider in ([\w .]+); do$", GUIDE, re.MULTILINE)
    assert {f"Microsoft.{name}" for name in registered.split()} == made - {"Microsoft.Authorization"}


def test_everything_is_made_in_the_group_but_what_belongs_to_the_existing_resources(snapshot):
    elsewhere = {resource["type"] for resource in snapshot.resources if not resource["id"].startswith(f"{GROUP}/")}
    assert elsewhere <= {ROLES, "Microsoft.Authorization/roleDefinitions"}


def test_tags_are_on_everything_that_takes_some(snapshots):
    tagged = [resource for resource in snapshots["all-settings"].resources if "location" in resource]
    assert {resource["type"] for resource in tagged} == set(snapshots["all-settings"].types()) - {
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "Microsoft.Authorization/roleDefinitions",
        ROLES,
    }
    assert all(resource["tags"]["owner"] == "platform" for resource in tagged)


def test_azd_finds_the_function_app_and_what_to_put_there(snapshot):
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    ((service, described),) = project["services"].items()
    assert snapshot.one("Microsoft.Web/sites")["tags"]["azd-service-name"] == service
    assert (described["host"], described["language"], described["project"]) == ("function", "custom", ".")
    # A zip is taken as it is; a folder would be zipped without what azd reads .funcignore to leave out.
    assert (described["dist"], described["remoteBuild"]) == ("dist/function-app.zip", False)
    assert "cargo xtask package" in described["hooks"]["prepackage"]["run"]
    assert (ROOT / project["infra"]["path"] / f"{project['infra']['module']}.bicepparam").is_file()


OUTPUTS = {
    "accessKeyIdentifier", "apiCenterId", "apiCenterName", "applicationInsightsName", "functionAppName", "functionAppUrl",
    "identityClientId", "identityId", "identityPrincipalId", "keyVaultName", "logAnalyticsWorkspaceName",
    "secretAccessKeyIdentifier", "storageAccountName", "tenantId",
}  # fmt: skip


def test_the_outputs_name_what_the_next_steps_need(snapshot):
    assert set(snapshot.outputs) == OUTPUTS
    assert snapshot.outputs["functionAppName"] == snapshot.one("Microsoft.Web/sites")["name"]
    assert snapshot.outputs["identityId"] == snapshot.identity()
    assert snapshot.outputs["identityPrincipalId"] == f"[{snapshot.of_identity('principalId')}]"
    assert snapshot.outputs["identityClientId"] == f"[{snapshot.of_identity('clientId')}]"
    assert snapshot.outputs["storageAccountName"] == snapshot.one("Microsoft.Storage/storageAccounts")["name"]
    assert snapshot.outputs["applicationInsightsName"] == snapshot.one("Microsoft.Insights/components")["name"]
    assert snapshot.outputs["logAnalyticsWorkspaceName"] == snapshot.one("Microsoft.OperationalInsights/workspaces")["name"]
    assert snapshot.outputs["apiCenterId"] == snapshot.settings()["APICENTER_RESOURCE_ID"]
    assert snapshot.outputs["apiCenterId"].endswith(f"/services/{snapshot.outputs['apiCenterName']}")
    assert snapshot.outputs["functionAppUrl"].endswith(".outputs.url.value]")


def test_without_keys_no_vault_is_named(snapshots):
    named = ("keyVaultName", "accessKeyIdentifier", "secretAccessKeyIdentifier")
    assert [snapshots["keyless"].outputs[name] for name in named] == ["", "", ""]
    host = "format('{0}{1}', 'company-vault', environment().suffixes.keyvaultDns)"
    assert [snapshots["existing-elsewhere"].outputs[name] for name in named] == [
        "company-vault",
        f"[format('https://{{0}}/secrets/{{1}}', {host}, 'gateway-key')]",
        f"[format('https://{{0}}/secrets/{{1}}', {host}, 'gateway-secret-key')]",
    ]


# What an expression that gets at a key or a secret looks like, and what one looks like itself.
SECRET = re.compile(
    r"\blist[A-Z]\w*\(|getSecret\(|AccountKey=|SharedAccess|InstrumentationKey|[?&]sig=|(api|primary|secondary|shared)Key|password|AKIA",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "text",
    [
        "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 's'), '2026-06-01').keys[0].value]",
        "[reference('/…/components/c', '2020-02-02').InstrumentationKey]",
        "DefaultEndpointsProtocol=https;AccountName=s;AccountKey=abc=",
    ],
)
def test_a_secret_would_be_seen(text):
    assert SECRET.search(text)


def test_no_property_and_no_output_holds_a_secret(snapshot):
    found = [(path, value) for path, value in leaves([snapshot.resources, snapshot.outputs]) if SECRET.search(str(value))]
    assert found == []
    connection = [path for path, value in leaves(snapshot.resources) if "ConnectionString" in str(value)]
    # The address of the telemetry, which nothing can be sent to with the key in it.
    assert [re.sub(r"\[\d+\]", "", path) for path in connection] == [".properties.siteConfig.appSettings.value"]
    assert snapshot.settings()["APPLICATIONINSIGHTS_CONNECTION_STRING"].endswith(".ConnectionString]")


# Resource names as Azure takes them (naming rules and restrictions for Azure resources).
NAMES = {
    "Microsoft.ApiCenter/services": r"[a-zA-Z0-9-]{3,90}",
    "Microsoft.Authorization/roleDefinitions": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "Microsoft.Insights/components": r"[^%&\\?/]{0,259}[^%&\\?/. ]",
    "Microsoft.Insights/scheduledQueryRules": r"[^*<>%{}&:\\?/#]{0,259}[^*<>%{}&:\\?/#. ]",
    "Microsoft.KeyVault/vaults": r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}",
    "Microsoft.OperationalInsights/workspaces": r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.Storage/storageAccounts/blobServices": r"default",
    "Microsoft.Storage/storageAccounts/blobServices/containers": r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    "Microsoft.Web/sites": r"[a-zA-Z0-9][a-zA-Z0-9-]{0,58}[a-zA-Z0-9]",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": r"ftp|scm",
}


def test_every_name_is_within_azures_limits(snapshot):
    for resource in snapshot.resources:
        if resource["type"] == ROLES:
            continue  # named by `guid`, of what only Azure knows
        name = resource["name"].rsplit("/", 1)[-1]
        assert re.fullmatch(NAMES[resource["type"]], name), f"{resource['type']}: {name}"
    for definition in snapshot.all("Microsoft.Authorization/roleDefinitions"):
        assert len(definition["properties"]["roleName"]) <= 512
        assert len(definition["properties"]["description"]) <= 2048


@pytest.mark.parametrize(("scenario", "lengths"), [("longest-names", (60, 24, 24, 90)), ("shortest-names", (2, 3, 3, 3))])
def test_the_longest_and_shortest_names_are_what_these_scenarios_have(snapshots, scenario, lengths):
    types = [
        "Microsoft.Web/sites",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ApiCenter/services",
    ]
    assert tuple(len(snapshots[scenario].one(kind)["name"]) for kind in types) == lengths


def test_names_are_unique_by_what_makes_them_so(snapshots):
    """The defaults end in a hash of the resource group and the function app's name."""
    names = {}
    for scenario in ("everything-new", "longest-names", "shortest-names"):
        names[scenario] = {resource["name"] for resource in snapshots[scenario].resources if "location" in resource}
    assert not names["everything-new"] & names["longest-names"]
    assert not names["longest-names"] & names["shortest-names"]


OUT_OF_BOUNDS = {
    "functionAppName": "f" * 61,
    "storageAccountName": "s" * 25,
    "keyVaultName": "vk",
    "apiCenterName": "aa",
    "apiCenterRole": "owner",
    "existingKeyVaultScope": "group",
    "awsAccessKeySecretName": "",
    "syncTimeBudgetSeconds": 1800,
    "httpTimeBudgetSeconds": 201,
    "awsRequestsPerSecond": 0,
    "armWritesPerSecond": 0,
    "instanceMemoryMB": 1024,
    "maximumInstanceCount": 1001,
    "logRetentionDays": 7,
    "noSuccessPeriodHours": 12,
}


def test_parameters_outside_their_bounds_are_refused_each_of_them(refusal):
    said = refusal(**OUT_OF_BOUNDS)
    lines = {int(line) for line in re.findall(r"refused\.bicepparam\((\d+),\d+\) : Error BCP", said)}
    # The first line of the file names the template, the second is empty.
    assert lines == set(range(3, 3 + len(OUT_OF_BOUNDS))), said


CENTER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.ApiCenter/services/center"
VAULT_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/vault"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"existingApiCenterId": "center"}, '"center" is not the id of a Microsoft.ApiCenter/services'),
        ({"existingApiCenterId": VAULT_ID}, f'"{VAULT_ID}" is not the id of a Microsoft.ApiCenter/services'),
        ({"existingApiCenterId": f"{CENTER}/workspaces/default"}, "is not the id of a Microsoft.ApiCenter/services"),
        ({"existingKeyVaultId": CENTER}, f'"{CENTER}" is not the id of a Microsoft.KeyVault/vaults'),
        (
            {"existingKeyVaultId": VAULT_ID, "keyless": True, "awsWebIdentityAudience": "api://app"},
            "keyless and existingKeyVaultId exclude each other",
        ),
        ({"keyless": True}, "keyless needs awsWebIdentityAudience"),
        ({"syncSchedule": "0 0 * * *xx"}, "is not an NCRONTAB expression of six fields"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_reason(refusal, parameters, said):
    assert said in refusal(**parameters)
