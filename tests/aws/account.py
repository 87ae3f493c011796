"""An AWS account of moto's, in which stacks are made from the templates."""

import pathlib

import boto3
import requests
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

import oidc_provider  # noqa: F401: moto finds the resource type once it is imported

FOLDER = pathlib.Path(__file__).parents[2] / "infra" / "aws"
IDENTITY = FOLDER / "identity.yaml"
MEMBER_ROLE = FOLDER / "member-role.yaml"
STACK = "apicenter-aws-sync"
ADMINISTRATOR = {"AccessKeyId": "AKIAADMINISTRATOR000", "SecretAccessKey": "administrator"}


class Account:
    """The clients of an account, and the stacks in it."""

    def __init__(self, url, region, credentials=ADMINISTRATOR):
        self.url = url
        self.region = region
        self.credentials = credentials
        self.iam = self.client("iam")

    def client(self, service, credentials=None):
        """A client of a service, with an access key of `CreateAccessKey` or credentials of STS."""
        credentials = credentials or self.credentials
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
        )

    @property
    def partition(self):
        """The partition of the account's region."""
        return {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(self.region, "aws")

    def of_organization(self, number):
        """Another account: until `enforce`, moto lets anybody assume any role there."""
        role = f"arn:{self.partition}:iam::{number}:role/Administrator"
        assumed = self.client("sts").assume_role(RoleArn=role, RoleSessionName="administrator")
        return Account(self.url, self.region, assumed["Credentials"])

    def deploy(self, template=None, stack=STACK, **parameters):
        """Makes a stack, of the identity if no template is given; gives its outputs."""
        cloudformation = self.client("cloudformation")
        # moto's AWS::Partition is aws everywhere.
        template = (template or IDENTITY.read_text()).replace("${AWS::Partition}", self.partition)
        cloudformation.create_stack(
            StackName=stack,
            TemplateBody=template,
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        [made] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        assert made["StackStatus"] == "CREATE_COMPLETE", made
        return {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}

    def reset(self):
        """Empties the account."""
        requests.post(f"{self.url}/moto-api/reset", timeout=10).raise_for_status()
        self.enforce(False)

    def policy(self, arn):
        """What a managed policy says."""
        version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return self.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def role(self, arn):
        """A role, with its trust policy."""
        return self.iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]

    def everything(self):
        """How many entities of each kind the account has."""
        return {
            "users": len(self.iam.list_users()["Users"]),
            "roles": len(self.iam.list_roles()["Roles"]),
            "policies": len(self.iam.list_policies(Scope="Local")["Policies"]),
            "providers": len(self.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]),
        }

    def enforce(self, enforced):
        """Lets moto check signatures, identity policies and trust policies, or not."""
        requests.post(f"{self.url}/moto-api/reset-auth", data="0" if enforced else "inf", timeout=10).raise_for_status()


def started():
    """A server of moto's on a port of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    return server


def url_of(server):
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"
