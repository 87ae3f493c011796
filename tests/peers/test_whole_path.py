"""From a gateway that somebody else wrote, through the real handler, to a catalog read with Microsoft's own client.

One story: each test goes on where the one before it stopped.
"""

import types

import pytest

from catalog import desired
from gateway import REGIONAL_DOMAIN, create_api, create_resource, create_method, create_stage, empty, fill, fill_domains
from record import forget, is_write, path, taken, violations

INTEGRATION = "elsewhere"


@pytest.fixture(scope="module")
def story(handler, stand_ins, ministack, gateway_client, documents, catalog):
    """A filled gateway, an integration's body, what was in the catalog before, and a record that begins here."""
    gateway, gateway_v2 = gateway_client(ministack), gateway_client(ministack, service="apigatewayv2")
    made = fill(gateway, documents)
    fill_domains(gateway, gateway_v2, made)
    made["long"] = create_api(gateway, "🚀" * 40, "far too long, 🚀 and all: " * 50, {})
    before = catalog.apis()
    forget(stand_ins)
    yield types.SimpleNamespace(
        gateway=gateway,
        gateway_v2=gateway_v2,
        made=made,
        before=before,
        judged=[],
        body={
            "properties": {
                "amazonApiGatewaySource": {
                    "accessKey": f"{stand_ins['keyVault']}/secrets/aws-access-key",
                    "secretAccessKey": f"{stand_ins['keyVault']}/secrets/aws-secret-access-key",
                    "regionName": stand_ins["region"],
                }
            }
        },
    )
    empty(gateway, gateway_v2)


def test_a_new_integration_brings_the_whole_gateway(story, handler, stand_ins, catalog):
    answer = handler.call("PUT", f"integrations/{INTEGRATION}", json=story.body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["lastSync"]["outcome"] == "succeeded", answer.text
    story.judged += taken(stand_ins)
    assert catalog.apis() == story.before | desired(story.gateway, INTEGRATION, stand_ins["region"])
    trek = catalog.apis()[f"{INTEGRATION}-{story.made['3.0/json/star-trek.json']}"]
    *custom, own = trek["deployments"]["prod"]["urls"]
    assert custom == [f"https://{REGIONAL_DOMAIN}", f"https://{REGIONAL_DOMAIN}/trek/v1"]
    assert ".execute-api." in own
    assert catalog.environments()[INTEGRATION].server.type == "AWS API Gateway"


def test_a_timer_run_after_it_writes_its_outcome_and_nothing_else(story, handler, stand_ins, envelope):
    forget(stand_ins)
    answer = handler.fire(envelope)
    assert (answer.status_code, bool(answer.json())) == (200, True), answer.text
    requests_made = taken(stand_ins)
    story.judged += requests_made
    writes = [(made["method"], path(made).rsplit("/", 2)[1:]) for made in requests_made if is_write(made)]
    assert writes == [("PUT", ["environments", INTEGRATION])]


def test_what_changes_on_the_gateway_arrives_with_the_next_run(story, handler, stand_ins, catalog, envelope):
    gateway, made = story.gateway, story.made
    rename(gateway, made["3.0/json/uspto.json"], "Patents and trademarks")
    extend_and_deploy_again(gateway, made["3.0/json/link-example.json"])
    create_stage(gateway, made["3.0/json/petstore-expanded.json"], "at-last", "the first one")
    gateway.delete_stage(restApiId=made["3.0/json/readme-legacy.json"], stageName="v1")
    gateway.delete_rest_api(restApiId=made["3.0/json/callbacks.json"])
    map_elsewhere(story.gateway_v2, "trek/v1", made["3.0/json/readme-legacy.json"], "prod")
    forget(stand_ins)
    answer = handler.fire(envelope)
    assert answer.status_code == 200, answer.text
    story.judged += taken(stand_ins)
    assert catalog.apis() == story.before | desired(gateway, INTEGRATION, stand_ins["region"])


def test_a_deleted_integration_leaves_what_was_there_before_it(story, handler, stand_ins, catalog):
    forget(stand_ins)
    answer = handler.call("DELETE", f"integrations/{INTEGRATION}")
    assert answer.status_code == 204, answer.text
    story.judged += taken(stand_ins)
    assert catalog.apis() == story.before
    assert INTEGRATION not in catalog.environments()


def test_every_request_to_azure_was_as_the_service_specifies(story, judge):
    assert {made["method"] for made in story.judged} == {"GET", "PUT", "POST", "DELETE"}
    assert violations(judge, story.judged) == []


def test_the_handlers_log_holds_no_secret(story, handler, stand_ins):
    log = handler.log.read_text()
    assert INTEGRATION in log
    assert not [name for name in ("awsAccessKeyId", "awsSecretAccessKey", "identityHeader") if stand_ins[name] in log]


@pytest.fixture(scope="module")
def envelope(shared):
    """A timer's call, as a real host sent it."""
    return (shared / "data" / "functions-host" / "fixtures" / "timer-later.body").read_bytes()


def rename(gateway, rest_api, name):
    """Gives an API another name."""
    gateway.update_rest_api(restApiId=rest_api, patchOperations=[{"op": "replace", "path": "/name", "value": name}])


def map_elsewhere(gateway_v2, key, rest_api, stage):
    """Lets a key of the regional domain lead to another API."""
    mappings = gateway_v2.get_api_mappings(DomainName=REGIONAL_DOMAIN)["Items"]
    mapping = next(mapping["ApiMappingId"] for mapping in mappings if mapping["ApiMappingKey"] == key)
    gateway_v2.update_api_mapping(DomainName=REGIONAL_DOMAIN, ApiMappingId=mapping, ApiId=rest_api, Stage=stage)


def extend_and_deploy_again(gateway, rest_api):
    """Gives an API one more method and deploys it to all its stages: this gateway exports what is, not what was deployed."""
    resources = {item["path"]: item["id"] for item in gateway.get_resources(restApiId=rest_api, limit=500)["items"]}
    resource = create_resource(gateway, rest_api, resources, "/health/{probe}")
    create_method(gateway, rest_api, resource, "GET", {"responses": {"204": {}}})
    for stage in gateway.get_stages(restApiId=rest_api)["item"]:
        gateway.create_deployment(restApiId=rest_api, stageName=stage["stageName"])
