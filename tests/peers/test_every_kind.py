"""APIs of every kind and custom domains, from a gateway that somebody else wrote to a catalog read with Microsoft's own client.

That gateway exports no HTTP API and lists no model, so that nobody wants definitions here until a test asks what becomes of that.
One story: each test goes on where the one before it stopped.
"""

import types

import pytest

from catalog import desired, desired_v2, without_definitions
from gateway import create_api, create_domain, create_http_api, create_stage, create_v2_stage, create_websocket_api, empty
from record import forget, is_write, path, taken, violations

INTEGRATION = "every-kind"
SHOP, CHAT = "shop.example.com", "chat.example.com"


@pytest.fixture(scope="module")
def story(handler, stand_ins, ministack, gateway_client, catalog):
    """A gateway with an API of each kind and more, what was in the catalog before, and an integration's body."""
    gateway, gateway_v2 = gateway_client(ministack), gateway_client(ministack, service="apigatewayv2")
    made = fill(gateway, gateway_v2)
    yield types.SimpleNamespace(
        gateway=gateway,
        gateway_v2=gateway_v2,
        made=made,
        before=catalog.apis(),
        region=stand_ins["region"],
        judged=[],
        body={
            "properties": {
                "importSpecification": "never",
                "amazonApiGatewaySource": {
                    "accessKey": f"{stand_ins['keyVault']}/secrets/aws-access-key",
                    "secretAccessKey": f"{stand_ins['keyVault']}/secrets/aws-secret-access-key",
                    "regionName": stand_ins["region"],
                },
            }
        },
    )
    empty(gateway, gateway_v2)


def fill(gateway, gateway_v2):
    """Makes APIs of every kind and the domains that lead to them; gives the APIs' ids."""
    made = {
        "orders": create_api(gateway, "Orders", "What was ordered", {"/orders": {"get": {"responses": {"200": {}}}}}),
        "baskets": create_http_api(gateway_v2, "Baskets", ["GET /baskets/{id}", "POST /baskets"], Description="To be ordered"),
        "vouchers": create_http_api(gateway_v2, "Vouchers", ["$default"], Version="1.3", Tags={"team": "checkout"}),
        "samples": create_http_api(gateway_v2, "Samples", []),
        "tracking": create_websocket_api(gateway_v2, "Tracking", ["$connect", "$disconnect", "$default", "follow"]),
    }
    create_stage(gateway, made["orders"], "prod", "Orders, as they run")
    create_v2_stage(gateway_v2, made["baskets"], "$default", "Baskets, as they run")
    create_v2_stage(gateway_v2, made["baskets"], "v1", "Baskets, as they ran")
    # This gateway deploys nothing by itself, as Amazon does not before there is a route.
    gateway_v2.create_stage(ApiId=made["vouchers"], StageName="$default", AutoDeploy=True)
    create_v2_stage(gateway_v2, made["tracking"], "live", "Parcels, as they move")
    create_domain(gateway_v2, SHOP)
    for key, api, stage in [("orders", "orders", "prod"), ("", "baskets", "$default"), ("baskets/v1", "baskets", "v1")]:
        gateway_v2.create_api_mapping(DomainName=SHOP, ApiId=made[api], ApiMappingKey=key, Stage=stage)
    create_domain(gateway_v2, CHAT)
    gateway_v2.create_api_mapping(DomainName=CHAT, ApiId=made["tracking"], ApiMappingKey="follow", Stage="live")
    return made


def wanted(story):
    """What the catalog ought to hold where nobody wants definitions."""
    rest = without_definitions(desired(story.gateway, INTEGRATION, story.region))
    return story.before | rest | desired_v2(story.gateway, story.gateway_v2, INTEGRATION, story.region)


def asking_for(story, **members):
    """The integration's body with other properties."""
    return {"properties": story.body["properties"] | members}


def entity(story, catalog, api):
    """An API of the catalog."""
    return catalog.apis()[f"{INTEGRATION}-{story.made[api]}"]


def test_apis_of_every_kind_come_with_the_urls_that_people_call(story, handler, stand_ins, catalog):
    forget(stand_ins)
    answer = handler.call("PUT", f"integrations/{INTEGRATION}", json=story.body)
    assert answer.status_code == 201, answer.text
    report = answer.json()["properties"]["lastSync"]
    assert report["outcome"] == "succeeded", answer.text
    (gateway,) = report["gateways"]
    assert (gateway["region"], gateway["state"], gateway["apis"]) == (story.region, "read", len(story.made))
    story.judged += taken(stand_ins)
    assert catalog.apis() == wanted(story)
    own = f"execute-api.{story.region}.amazonaws.com"
    baskets, tracking = entity(story, catalog, "baskets"), entity(story, catalog, "tracking")
    assert (baskets["kind"], tracking["kind"]) == ("rest", "websocket")
    assert sorted(deployment["urls"] for deployment in baskets["deployments"].values()) == [
        [f"https://{SHOP}", f"https://{story.made['baskets']}.{own}"],
        [f"https://{SHOP}/baskets/v1", f"https://{story.made['baskets']}.{own}/v1"],
    ]
    assert [deployment["urls"] for deployment in tracking["deployments"].values()] == [
        [f"wss://{CHAT}/follow", f"wss://{story.made['tracking']}.{own}/live"]
    ]


def test_a_stage_that_runs_no_deployment_is_left_out_with_a_reason(story, handler, catalog):
    answer = handler.call("GET", f"integrations/{INTEGRATION}")
    skipped = answer.json()["properties"]["lastSync"]["skipped"]
    assert [(skip["apiId"], skip["stageName"], skip["reason"]) for skip in skipped] == [
        (story.made["vouchers"], "$default", "NotDeployed")
    ]
    assert entity(story, catalog, "vouchers")["versions"] == {}


def test_a_run_after_it_changes_nothing(story, handler, stand_ins):
    forget(stand_ins)
    answer = handler.call("POST", f"integrations/{INTEGRATION}/sync")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "succeeded"), answer.text
    assert (answer.json()["unchanged"], answer.json()["updated"]) == (len(story.made), 0)
    made = taken(stand_ins)
    story.judged += made
    writes = [(request["method"], path(request).rsplit("/", 2)[1:]) for request in made if is_write(request)]
    assert writes == [("PUT", ["environments", INTEGRATION])]


def test_what_changes_on_the_gateway_arrives_with_the_next_run(story, handler, stand_ins, catalog):
    gateway_v2, made = story.gateway_v2, story.made
    gateway_v2.update_api(ApiId=made["tracking"], Name="Parcels on their way")
    deployment = gateway_v2.create_deployment(ApiId=made["vouchers"])["DeploymentId"]
    gateway_v2.update_stage(ApiId=made["vouchers"], StageName="$default", DeploymentId=deployment)
    gateway_v2.create_api_mapping(DomainName=SHOP, ApiId=made["vouchers"], ApiMappingKey="vouchers", Stage="$default")
    (mapping,) = gateway_v2.get_api_mappings(DomainName=CHAT)["Items"]
    gateway_v2.delete_api_mapping(DomainName=CHAT, ApiMappingId=mapping["ApiMappingId"])
    gateway_v2.delete_stage(ApiId=made["baskets"], StageName="v1")
    gateway_v2.delete_api(ApiId=made["samples"])
    forget(stand_ins)
    answer = handler.call("POST", f"integrations/{INTEGRATION}/sync")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "succeeded"), answer.text
    story.judged += taken(stand_ins)
    assert catalog.apis() == wanted(story)
    assert entity(story, catalog, "vouchers")["versions"]


def test_a_definition_that_cannot_be_had_costs_nothing_else(story, handler, stand_ins, catalog):
    gateway_v2, made = story.gateway_v2, story.made
    gateway_v2.create_api_mapping(DomainName=CHAT, ApiId=made["tracking"], ApiMappingKey="again", Stage="live")
    create_v2_stage(gateway_v2, made["baskets"], "v2", "Baskets, as they will run")
    forget(stand_ins)
    answer = handler.call("PUT", f"integrations/{INTEGRATION}", json=asking_for(story, importSpecification="always"))
    assert answer.status_code == 200, answer.text
    story.judged += taken(stand_ins)
    report = answer.json()["properties"]["lastSync"]
    assert report["outcome"] == "partial", answer.text
    # This gateway answers 404 to an export and to the list of models. Amazon does so of an API that has just gone, which is no
    # refusal to export it: the API failed, and the next run tries again.
    failures = {(failure["apiId"], failure["apiType"], failure["message"].split(" ")[0]) for failure in report["failed"]}
    assert failures == {
        (made["baskets"], "HTTP", "ExportApi"),
        (made["vouchers"], "HTTP", "ExportApi"),
        (made["tracking"], "WEBSOCKET", "GetModels"),
    }
    assert catalog.apis() == wanted(story) | desired(story.gateway, INTEGRATION, story.region)


@pytest.fixture(scope="module")
def narrowed(story, handler, stand_ins, catalog):
    """The catalog and the report after a run for which one kind was chosen, and the catalog before it."""
    before = catalog.apis()
    forget(stand_ins)
    body = asking_for(story, importSpecification="always", apiTypes=["REST"])
    answer = handler.call("PUT", f"integrations/{INTEGRATION}", json=body)
    assert answer.status_code == 200, answer.text
    story.judged += taken(stand_ins)
    return types.SimpleNamespace(before=before, after=catalog.apis(), report=answer.json()["properties"]["lastSync"])


def test_kinds_that_are_not_chosen_stay_as_they_are(narrowed):
    assert narrowed.after == narrowed.before
    assert narrowed.report["failed"] == []
    assert narrowed.report["gateways"][0]["apis"] == 1


def test_kinds_that_are_no_longer_wanted_wait_for_a_confirmation(narrowed):
    assert narrowed.report["outcome"] == "held"
    assert "no longer among the integration's apiTypes" in narrowed.report["message"]
    assert narrowed.report["deleted"] == 0


def test_a_deleted_integration_leaves_what_was_there_before_it(story, handler, stand_ins, catalog):
    forget(stand_ins)
    assert handler.call("DELETE", f"integrations/{INTEGRATION}").status_code == 204
    story.judged += taken(stand_ins)
    assert catalog.apis() == story.before


def test_every_request_to_azure_was_as_the_service_specifies(story, judge):
    assert {made["method"] for made in story.judged} == {"GET", "PUT", "POST", "DELETE"}
    assert violations(judge, story.judged) == []
