"""The resource types of our template that moto's CloudFormation does not know.

moto finds types among the direct subclasses of CloudFormationModel, so each type is a class of its own; import this
module before the first stack is made.
"""

from typing import Any, Self

from moto.apigatewayv2.models import Api as HttpApi
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import secretsmanager_backends

#: what every secret holds here: the simulated gateways take any key, and a person can put a real one over it
LOCAL_KEY = "local-key"

#: types that have nothing to do on a laptop: nobody enforces the policies of resources, and nobody watches alarms
_WITHOUT_EFFECT = (
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
)


def _without_effect(resource_type: str) -> type[CloudFormationModel]:
    class WithoutEffect(CloudFormationModel):
        def __init__(self, name: str) -> None:
            self.physical_resource_id = name

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return resource_type

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
        ) -> Self:
            return cls(resource_name)

    return WithoutEffect


#: held here because moto finds classes only as long as somebody holds them
WITHOUT_EFFECT = tuple(_without_effect(each) for each in _WITHOUT_EFFECT)


class Secret(CloudFormationModel):
    """AWS::SecretsManager::Secret, with a key in it at once."""

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SecretsManager::Secret"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Self:
        backend = secretsmanager_backends[account_id][region_name]
        backend.create_secret(
            name=resource_name,
            secret_string=LOCAL_KEY,
            secret_binary=None,
            description=cloudformation_json["Properties"].get("Description"),
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(backend.describe_secret(resource_name).arn)

    def delete(self, account_id: str, region_name: str) -> None:
        """At once: CloudFormation leaves no time to get a secret back."""
        secretsmanager_backends[account_id][region_name].delete_secret(
            self.physical_resource_id, recovery_window_in_days=None, force_delete_without_recovery=True
        )


class Api(CloudFormationModel):
    """AWS::ApiGatewayV2::Api: an HTTP API, whose address is that of the web server that plays it."""

    #: the address, set before the stack is made
    endpoint = ""

    def __init__(self, api_id: str) -> None:
        self.physical_resource_id = api_id

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::ApiGatewayV2::Api"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Self:
        properties = cloudformation_json["Properties"]
        api = apigatewayv2_backends[account_id][region_name].create_api(
            name=properties["Name"],
            description=properties.get("Description", ""),
            protocol_type=properties["ProtocolType"],
            api_key_selection_expression="",
            cors_configuration="",
            disable_schema_validation="",
            disable_execute_api_endpoint="",
            route_selection_expression="",
            tags={},
            version="",
        )
        api.api_endpoint = cls.endpoint
        return cls(api.api_id)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Fn::GetAtt of the two attributes that there are."""
        return {"ApiEndpoint": self.endpoint, "ApiId": self.physical_resource_id}[attribute_name]


class Integration(CloudFormationModel):
    """AWS::ApiGatewayV2::Integration: what is behind a route."""

    def __init__(self, integration_id: str) -> None:
        self.physical_resource_id = integration_id

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::ApiGatewayV2::Integration"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Self:
        properties = cloudformation_json["Properties"]
        integration = _api(properties, account_id, region_name).create_integration(
            connection_type="INTERNET",
            description="",
            integration_method="POST",
            integration_type=properties["IntegrationType"],
            integration_uri=properties["IntegrationUri"],
            payload_format_version=properties["PayloadFormatVersion"],
        )
        return cls(integration.id)


class Route(CloudFormationModel):
    """AWS::ApiGatewayV2::Route: a method and a path."""

    def __init__(self, route_id: str) -> None:
        self.physical_resource_id = route_id

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::ApiGatewayV2::Route"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Self:
        properties = cloudformation_json["Properties"]
        route = _api(properties, account_id, region_name).create_route(
            api_key_required=False,
            authorization_scopes=[],
            route_key=properties["RouteKey"],
            target=properties["Target"],
        )
        return cls(route.route_id)


def _api(properties: dict[str, Any], account_id: str, region_name: str) -> HttpApi:
    return apigatewayv2_backends[account_id][region_name].get_api(properties["ApiId"])
