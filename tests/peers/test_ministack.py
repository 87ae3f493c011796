"""The gateway that somebody else wrote does what the tests build on."""

import json

import pytest

from gateway import create_api, create_domain, create_http_api, create_stage, create_v2_stage, create_websocket_api, empty


def test_its_list_comes_in_pages(gateway_client, ministack):
    gateway = gateway_client(ministack)
    made = [gateway.create_rest_api(name=f"page {number}")["id"] for number in range(7)]
    pages = list(gateway.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 3}))
    assert all(len(page["items"]) <= 3 for page in pages)
    assert set(made) <= {rest_api["id"] for page in pages for rest_api in page["items"]}
    for rest_api in made:
        gateway.delete_rest_api(restApiId=rest_api)


def test_its_export_is_the_same_text_every_time(gateway_client, ministack, documents):
    gateway = gateway_client(ministack)
    document = json.loads((documents / "3.0" / "json" / "petstore.json").read_text())
    rest_api = create_api(gateway, "Pets", "All of them", document["paths"])
    create_stage(gateway, rest_api, "prod", "")
    first, second = (
        gateway.get_export(restApiId=rest_api, stageName="prod", exportType="oas30", accepts="application/json")["body"].read()
        for _ in range(2)
    )
    assert first == second
    assert set(json.loads(first)["paths"]) == set(document["paths"])
    gateway.delete_rest_api(restApiId=rest_api)


@pytest.fixture
def v1(gateway_client, ministack):
    return gateway_client(ministack)


@pytest.fixture
def v2(v1, gateway_client, ministack):
    v2 = gateway_client(ministack, service="apigatewayv2")
    yield v2
    empty(v1, v2)


def test_its_stages_run_the_deployment_that_they_are_given_and_no_other(v2):
    api = create_http_api(v2, "Baskets", ["GET /baskets"])
    create_v2_stage(v2, api, "$default", "")
    v2.create_stage(ApiId=api, StageName="by-itself", AutoDeploy=True)
    v2.create_route(ApiId=api, RouteKey="POST /baskets")
    (deployment,) = v2.get_deployments(ApiId=api)["Items"]
    stages = {stage["StageName"]: stage.get("DeploymentId") for stage in v2.get_stages(ApiId=api)["Items"]}
    assert stages == {"$default": deployment["DeploymentId"], "by-itself": None}


def test_what_one_version_maps_the_other_shows(v1, v2):
    api = create_http_api(v2, "Baskets", ["GET /baskets"])
    create_v2_stage(v2, api, "prod", "")
    rest_api = create_api(v1, "Pets", "All of them", {})
    create_stage(v1, rest_api, "prod", "")
    create_domain(v2, "shop.example.com")
    v2.create_api_mapping(DomainName="shop.example.com", ApiId=api, ApiMappingKey="baskets/v1", Stage="prod")
    v1.create_base_path_mapping(domainName="shop.example.com", restApiId=rest_api, stage="prod")
    base_paths = v1.get_base_path_mappings(domainName="shop.example.com")["items"]
    assert {item["basePath"]: item["restApiId"] for item in base_paths} == {"baskets/v1": api, "(none)": rest_api}
    mappings = v2.get_api_mappings(DomainName="shop.example.com")["Items"]
    assert {item["ApiMappingKey"]: item["ApiId"] for item in mappings} == {"baskets/v1": api, "": rest_api}


def test_it_has_neither_exports_of_http_apis_nor_models(v2):
    http, websocket = create_http_api(v2, "Baskets", ["GET /baskets"]), create_websocket_api(v2, "Tracking", ["follow"])
    # The tests of every kind go without definitions for it; they need not any more when this fails.
    with pytest.raises(v2.exceptions.NotFoundException):
        v2.export_api(ApiId=http, Specification="OAS30", OutputType="JSON")
    with pytest.raises(v2.exceptions.NotFoundException):
        v2.get_models(ApiId=websocket)
    assert [route["RouteKey"] for route in v2.get_routes(ApiId=websocket)["Items"]] == ["follow"]
