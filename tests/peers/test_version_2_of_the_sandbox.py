"""boto3 reads the sandbox's HTTP APIs, WebSocket APIs and custom domains, and fills it with more, as it does with Amazon's."""

import json

import botocore.exceptions
import pytest

BASKETS, TRACKING = "g3h4i5j6k7", "h4i5j6k7l8"
REGIONAL, EDGE = "api.shop.example.com", "partners.example.com"


@pytest.fixture(scope="module")
def v1(gateway_client, stand_ins):
    return gateway_client(stand_ins["apiGateway"])


@pytest.fixture(scope="module")
def v2(gateway_client, stand_ins):
    return gateway_client(stand_ins["apiGateway"], service="apigatewayv2")


def listed(client, operation, size, **place):
    """The pages of a list."""
    return list(client.get_paginator(operation).paginate(**place, PaginationConfig={"PageSize": size}))


def test_apis_come_in_pages_with_their_kinds(v2, stand_ins):
    pages = listed(v2, "get_apis", 1)
    assert [len(page["Items"]) for page in pages] == [1, 1]
    assert [bool(page.get("NextToken")) for page in pages] == [True, False]
    apis = {api["ApiId"]: api for page in pages for api in page["Items"]}
    assert {api["ProtocolType"] for api in apis.values()} == {"HTTP", "WEBSOCKET"}
    assert apis[BASKETS]["Tags"] == {"team": "checkout"}
    assert apis[BASKETS]["CreatedDate"].year > 2000, "text that is read as a time"
    assert apis[TRACKING]["ApiEndpoint"] == f"wss://{TRACKING}.execute-api.{stand_ins['region']}.amazonaws.com"
    one = v2.get_api(ApiId=BASKETS)
    assert {name: one[name] for name in apis[BASKETS]} == apis[BASKETS]


def test_stages_tell_what_they_run(v2):
    stages = {stage["StageName"]: stage for page in listed(v2, "get_stages", 1, ApiId=BASKETS) for stage in page["Items"]}
    assert {name: stage["AutoDeploy"] for name, stage in stages.items()} == {"$default": True, "prod": False}
    assert stages["$default"]["DeploymentId"] in stages["$default"]["LastDeploymentStatusMessage"]
    assert v2.get_stage(ApiId=BASKETS, StageName="$default")["DeploymentId"] == stages["$default"]["DeploymentId"]
    deployments = {item["DeploymentId"]: item for item in v2.get_deployments(ApiId=BASKETS)["Items"]}
    assert deployments.keys() == {stage["DeploymentId"] for stage in stages.values()}
    assert {deployment["DeploymentStatus"] for deployment in deployments.values()} == {"DEPLOYED"}


def export(v2, api, **options):
    """An export as bytes."""
    return v2.export_api(ApiId=api, Specification="OAS30", OutputType="JSON", **options)["body"].read()


def test_an_export_is_of_a_stage_and_has_extensions_unless_they_are_not_wanted(v2):
    document = json.loads(export(v2, BASKETS, StageName="prod", ExportVersion="1.0", IncludeExtensions=False))
    assert document["openapi"] == "3.0.1"
    assert document["servers"][0]["variables"]["basePath"]["default"] == "prod"
    assert document["paths"].keys() == {"/baskets/{id}", "/baskets"}
    assert b"x-amazon" in export(v2, BASKETS, StageName="prod")
    latest = json.loads(export(v2, BASKETS, StageName="$default"))
    assert "x-amazon-apigateway-any-method" in latest["paths"]["/vouchers/{code+}"]
    assert "servers" not in json.loads(export(v2, BASKETS)), "of no stage"


def test_a_websocket_api_has_routes_and_models(v2):
    routes = {route["RouteKey"]: route for page in listed(v2, "get_routes", 2, ApiId=TRACKING) for route in page["Items"]}
    assert routes.keys() == {"$connect", "$disconnect", "$default", "follow", "report"}
    assert routes["$connect"]["RequestParameters"] == {"route.request.querystring.token": {"Required": True}}
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    assert (routes["follow"]["ApiKeyRequired"], routes["report"]["ApiKeyRequired"]) == (False, True)
    models = {model["Name"]: model for page in listed(v2, "get_models", 3, ApiId=TRACKING) for model in page["Items"]}
    assert routes["follow"]["RequestModels"]["$default"] in models
    assert all(json.loads(model["Schema"])["type"] == "object" for model in models.values())


def test_domains_lead_to_apis_of_every_kind(v1, v2):
    domains = {domain["domainName"]: domain for page in listed(v1, "get_domain_names", 1) for domain in page["items"]}
    assert {name: domain["endpointConfiguration"]["types"] for name, domain in domains.items()} == {
        REGIONAL: ["REGIONAL"],
        EDGE: ["EDGE"],
    }
    shown = {domain["DomainName"]: domain for page in listed(v2, "get_domain_names", 1) for domain in page["Items"]}
    assert shown.keys() == domains.keys()
    configuration = shown[REGIONAL]["DomainNameConfigurations"][0]
    assert configuration["ApiGatewayDomainName"] == domains[REGIONAL]["regionalDomainName"]
    # A number where the model has text, as Amazon sends it of domains that were made with version 1. boto3 reads both.
    assert configuration["CertificateUploadDate"] == domains[REGIONAL]["certificateUploadDate"]
    base_paths = [item for page in listed(v1, "get_base_path_mappings", 1, domainName=EDGE) for item in page["items"]]
    assert base_paths == [{"basePath": "portal", "restApiId": "b8c9d0e1f2", "stage": "live"}]
    assert listed(v2, "list_routing_rules", 1, DomainName=REGIONAL)[0]["RoutingRules"] == []


def test_mappings_come_in_pages(v2):
    # boto3 has no paginator of these.
    first = v2.get_api_mappings(DomainName=REGIONAL, MaxResults="1")
    second = v2.get_api_mappings(DomainName=REGIONAL, MaxResults="1", NextToken=first["NextToken"])
    mappings = first["Items"] + second["Items"]
    assert "NextToken" not in second
    assert {(mapping["ApiMappingKey"], mapping["ApiId"], mapping["Stage"]) for mapping in mappings} == {
        ("baskets", BASKETS, "$default"),
        ("orders/v2", "a1b2c3d4e5", "prod"),
    }


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ("get_api", {"ApiId": "absent0000"}),
        ("get_stages", {"ApiId": "absent0000"}),
        ("get_routes", {"ApiId": "absent0000"}),
        ("get_models", {"ApiId": "absent0000"}),
        ("get_stage", {"ApiId": BASKETS, "StageName": "absent"}),
        ("export_api", {"ApiId": BASKETS, "Specification": "OAS30", "OutputType": "JSON", "StageName": "absent"}),
        ("get_api_mappings", {"DomainName": "absent.example.com"}),
        ("list_routing_rules", {"DomainName": "absent.example.com"}),
    ],
)
def test_what_is_not_there_is_not_found(v2, operation, place):
    with pytest.raises(v2.exceptions.NotFoundException):
        getattr(v2, operation)(**place)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("export_api", {"ApiId": TRACKING, "Specification": "OAS30", "OutputType": "JSON"}),
        ("export_api", {"ApiId": BASKETS, "Specification": "OAS20", "OutputType": "JSON"}),
        ("export_api", {"ApiId": BASKETS, "Specification": "OAS30", "OutputType": "XML"}),
        ("get_apis", {"MaxResults": "many"}),
        ("get_apis", {"NextToken": "made-up"}),
        ("get_api_mappings", {"DomainName": EDGE}),
        ("create_route", {"ApiId": BASKETS, "RouteKey": "FETCH baskets"}),
        ("create_model", {"ApiId": BASKETS, "Name": "Basket", "Schema": "{}"}),
    ],
)
def test_what_cannot_be_asked_is_a_bad_request(v2, operation, asked):
    with pytest.raises(v2.exceptions.BadRequestException):
        getattr(v2, operation)(**asked)


def test_version_1_does_not_find_a_domain_that_is_not_there(v1):
    with pytest.raises(v1.exceptions.NotFoundException):
        v1.get_base_path_mappings(domainName="absent.example.com")


def test_a_wrong_secret_is_refused(gateway_client, stand_ins):
    v2 = gateway_client(stand_ins["apiGateway"], secret_access_key="wrong", service="apigatewayv2")
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        v2.get_apis()
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_http_api_that_boto3_makes_is_read_back(v1, v2):
    api = v2.create_api(Name="Returns", ProtocolType="HTTP", Description="Things that come back", Tags={"team": "depot"})["ApiId"]
    try:
        with pytest.raises(v2.exceptions.BadRequestException):
            v2.create_deployment(ApiId=api)
        v2.create_route(ApiId=api, RouteKey="GET /returns")
        deployment = v2.create_deployment(ApiId=api, Description="the first one")["DeploymentId"]
        v2.create_stage(ApiId=api, StageName="prod", DeploymentId=deployment)
        v2.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        v2.create_route(ApiId=api, RouteKey="POST /returns")
        with pytest.raises(v2.exceptions.ConflictException):
            v2.create_route(ApiId=api, RouteKey="POST /returns")
        assert json.loads(export(v2, api, StageName="prod"))["paths"]["/returns"].keys() == {"get"}, "what was deployed"
        assert json.loads(export(v2, api, StageName="$default"))["paths"]["/returns"].keys() == {"get", "post"}
        v2.create_domain_name(DomainName="returns.example.com", DomainNameConfigurations=[{"EndpointType": "REGIONAL"}])
        v2.create_api_mapping(DomainName="returns.example.com", ApiId=api, Stage="prod", ApiMappingKey="v1/returns")
        (mapping,) = v2.get_api_mappings(DomainName="returns.example.com")["Items"]
        assert (mapping["ApiId"], mapping["Stage"], mapping["ApiMappingKey"]) == (api, "prod", "v1/returns")
        assert v1.get_domain_name(domainName="returns.example.com")["domainNameStatus"] == "AVAILABLE"
        v2.delete_api_mapping(DomainName="returns.example.com", ApiMappingId=mapping["ApiMappingId"])
        assert v2.get_api_mappings(DomainName="returns.example.com")["Items"] == []
        v2.delete_domain_name(DomainName="returns.example.com")
    finally:
        v2.delete_api(ApiId=api)
    with pytest.raises(v2.exceptions.NotFoundException):
        v2.get_api(ApiId=api)


def test_a_websocket_api_that_boto3_makes_is_read_back(v2):
    expression = "$request.body.action"
    api = v2.create_api(Name="Depot", ProtocolType="WEBSOCKET", RouteSelectionExpression=expression)["ApiId"]
    try:
        schema = json.dumps({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"})
        v2.create_model(ApiId=api, Name="Arrival", ContentType="application/json", Schema=schema)
        v2.create_route(ApiId=api, RouteKey="arrive", RequestModels={"$default": "Arrival"}, ApiKeyRequired=True)
        deployment = v2.create_deployment(ApiId=api)["DeploymentId"]
        v2.create_stage(ApiId=api, StageName="live", DeploymentId=deployment, Description="Depot, as it runs")
        (route,) = v2.get_routes(ApiId=api)["Items"]
        assert (route["RouteKey"], route["RequestModels"], route["ApiKeyRequired"]) == ("arrive", {"$default": "Arrival"}, True)
        (model,) = v2.get_models(ApiId=api)["Items"]
        assert (model["Name"], model["Schema"]) == ("Arrival", schema)
        (stage,) = v2.get_stages(ApiId=api)["Items"]
        assert (stage["StageName"], stage["DeploymentId"], stage["Description"]) == ("live", deployment, "Depot, as it runs")
    finally:
        v2.delete_api(ApiId=api)


def test_version_2_makes_no_edge_optimized_domain(v2):
    with pytest.raises(v2.exceptions.BadRequestException):
        v2.create_domain_name(DomainName="edge.example.com", DomainNameConfigurations=[{"EndpointType": "EDGE"}])
