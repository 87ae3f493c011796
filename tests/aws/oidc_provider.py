"""The resource type that moto's CloudFormation lacks, on the OpenID Connect providers that moto's IAM has."""

from moto.core.common_models import CloudFormationModel
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition


class OidcProvider(CloudFormationModel):
    """AWS::IAM::OIDCProvider; `Ref` gives its ARN. Without thumbprints IAM fetches one, which nothing here can."""

    # moto files its models by the second part of their module's name.
    __module__ = "moto.iam.oidc_provider"

    def __init__(self, provider):
        self.arn = provider.arn

    @property
    def physical_resource_id(self):
        return self.arn

    def is_created(self):
        return True

    @staticmethod
    def cloudformation_name_type():
        return ""

    @staticmethod
    def cloudformation_type():
        return "AWS::IAM::OIDCProvider"

    @classmethod
    def has_cfn_attr(cls, attr):
        return attr == "Arn"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        properties = cloudformation_json["Properties"]
        provider = iam_backends[account_id][get_partition(region_name)].create_open_id_connect_provider(
            url=properties["Url"],
            thumbprint_list=properties.get("ThumbprintList") or [],
            client_id_list=properties["ClientIdList"],
            tags=properties["Tags"],
        )
        return cls(provider)

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        iam_backends[account_id][get_partition(region_name)].delete_open_id_connect_provider(resource_name)
