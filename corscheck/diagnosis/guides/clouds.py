"""Guides for cloud gateways, buckets and platforms: AWS API Gateway and S3, Azure, Google Cloud."""

from __future__ import annotations

from corscheck.diagnosis.guides.guide import Guide

API_GATEWAY = Guide(
    name="api-gateway",
    title="Amazon API Gateway: HTTP API, REST API, Lambda proxy",
    aliases=("apigateway", "api gateway", "aws api gateway", "aws", "lambda", "aws lambda", "aws-lambda", "sam"),
    owner=(
        "HTTP API: its CORS configuration, which answers OPTIONS and replaces the headers of the integration. REST API: "
        "an OPTIONS method with a mock integration for the preflight, and the Lambda function's own headers for the "
        "request itself (proxy integration)."
    ),
    configurations={
        "HTTP API (CloudFormation, AWS::ApiGatewayV2::Api):": """\
CorsConfiguration:
  AllowOrigins: ["https://app.example"]
  AllowMethods: ["GET", "PUT"]
  AllowHeaders: ["x-tenant"]
  MaxAge: 600""",
        "REST API: errors that the gateway itself makes (again for DEFAULT_5XX):": """\
Type: AWS::ApiGateway::GatewayResponse
Properties:
  RestApiId: !Ref Api
  ResponseType: DEFAULT_4XX
  ResponseParameters:
    gatewayresponse.header.Access-Control-Allow-Origin:
      "'https://app.example'\"""",
    },
    signals=(
        'A 403 {"message":"Missing Authentication Token"} for OPTIONS: a REST API without an OPTIONS method there.',
        "A 401 or 403 for OPTIONS with a REST API made by SAM: the default authorizer was put on the preflight.",
        "The 2xx has Access-Control-Allow-Origin, and a 401, 403, 429 or 504 of the gateway has not: gateway responses.",
    ),
    traps=(
        "HTTP API: CORS headers that the function returns are ignored once CORS is configured.",
        (
            "HTTP API with an authorizer on $default: that route takes OPTIONS too; add a route OPTIONS /{proxy+} "
            "without one."
        ),
        "SAM: AddDefaultAuthorizerToCorsPreflight and AddApiKeyRequiredToCorsPreflight are true unless set to false.",
        "REST API: a change counts only after the API is deployed to its stage again.",
    ),
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html",
    more=(
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html",
        "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-api-apiauth.html",
    ),
)

S3 = Guide(
    name="s3",
    title="Amazon S3",
    aliases=("amazon s3", "amazons3", "aws s3", "bucket"),
    owner="The bucket's CORS configuration (console: Permissions). The first rule that matches the request answers.",
    configurations={
        "The bucket's CORS configuration:": """\
[
  {
    "AllowedOrigins": ["https://app.example"],
    "AllowedMethods": ["GET", "PUT"],
    "AllowedHeaders": ["content-type", "x-amz-*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 600
  }
]""",
    },
    signals=(
        (
            'A 403 with "CORSResponse: This CORS request is not allowed": no rule allows this origin, method and all of '
            "these headers together."
        ),
        'A 403 with "CORSResponse: CORS is not enabled for this bucket": there is no configuration.',
        "A 403 AccessDenied to the request itself, without CORS headers: look at the permissions, not at CORS.",
    ),
    traps=(
        "AllowedMethods knows GET, PUT, POST, DELETE and HEAD; OPTIONS is not listed and not needed.",
        'An origin may hold one "*", and has no slash at its end.',
        "In CloudFormation the keys are ExposedHeaders and MaxAge, not ExposeHeaders and MaxAgeSeconds.",
        "Behind CloudFront the bucket sees Origin only if it is forwarded (corscheck explain cloudfront).",
    ),
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.md",
    from_memory=(
        "A request without Origin gets no Vary: Origin, so that an <img> may cache a copy which fetch() then gets.",
    ),
)

AZURE = Guide(
    name="azure",
    title="Azure: App Service, Functions, API Management, Front Door",
    aliases=(
        "app service", "app-service", "azure functions", "azure-functions", "apim", "api management", "front door",
        "frontdoor", "azure front door", "azure app service",
    ),
    owner=(
        "App Service and Functions: the platform's CORS setting, which wins over the application's own code. API "
        "Management: the cors policy, in inbound. Front Door: the server behind, or rules that set the header."
    ),
    configurations={
        "App Service (Functions: az functionapp cors add):": """\
az webapp cors add --resource-group GROUP --name APP \\
  --allowed-origins https://app.example""",
        "API Management, in <inbound>:": """\
<cors allow-credentials="false">
  <allowed-origins>
    <origin>https://app.example</origin>
  </allowed-origins>
  <allowed-methods preflight-result-max-age="600">
    <method>PUT</method>
  </allowed-methods>
  <allowed-headers>
    <header>X-Tenant</header>
  </allowed-headers>
</cors>""",
    },
    signals=(
        "What the application's CORS code sets never shows: App Service CORS is on, and takes precedence.",
        ("An empty 200 without CORS headers, also for GET: API Management's policy did not match the origin "
        "(terminate-unmatched-request)."),
        "x-azure-ref with the Access-Control-Allow-Origin of another page: Front Door cached one origin's answer.",
    ),
    traps=(
        "App Service has one list for all routes; per route, use the application's code and empty the list.",
        "Cookies need properties.cors.supportCredentials: true, which excludes * in allowedOrigins.",
        "API Management reads the policy's elements in a fixed order: origins, methods, headers, expose-headers.",
        "Front Door caches the first answer's header: * or one origin are safe, several need a rule for each.",
    ),
    source="https://learn.microsoft.com/cli/azure/webapp/cors",
    more=(
        "https://learn.microsoft.com/en-US/Azure/api-management/cors-policy",
        "https://learn.microsoft.com/en-us/azure/frontdoor/cross-origin-resource-sharing",
    ),
    from_memory=("az functionapp cors add takes the same options as az webapp cors add.",),
)  # fmt: skip

GCP = Guide(
    name="gcp",
    title="Google Cloud: Storage, Cloud Run, load balancer",
    aliases=("google cloud", "google-cloud", "gcs", "cloud storage", "cloud run", "cloud-run", "google front end"),
    owner=(
        "Cloud Storage: the bucket's CORS configuration. Cloud Run and functions: the code. A load balancer: corsPolicy "
        "of a route action in its URL map. Identity-Aware Proxy in front: its setting for OPTIONS."
    ),
    configurations={
        "Cloud Storage, cors.json:": """\
[
  {
    "origin": ["https://app.example"],
    "method": ["GET", "PUT"],
    "responseHeader": ["Content-Type"],
    "maxAgeSeconds": 600
  }
]""",
        "and its command:": "gcloud storage buckets update gs://BUCKET --cors-file=cors.json",
        "URL map of a load balancer:": """\
defaultRouteAction:
  corsPolicy:
    allowOrigins: ["https://app.example"]
    allowMethods: ["GET", "PUT"]
    allowHeaders: ["X-Tenant"]
    maxAge: 600""",
    },
    signals=(
        "A 403 with Google's HTML page for OPTIONS on Cloud Run: the service wants a token, which a preflight never has.",
        "A 302 to accounts.google.com for OPTIONS: Identity-Aware Proxy; allow_http_options lets preflights through.",
    ),
    traps=(
        "The Console does not edit a bucket's CORS configuration: use gcloud or the API.",
        "storage.cloud.google.com answers no CORS request at all, whatever the bucket says: use another endpoint.",
        "responseHeader is both what may be sent and what may be read.",
    ),
    source="https://cloud.google.com/storage/docs/using-cors",
    more=(
        "https://cloud.google.com/config-connector/docs/reference/resource-docs/compute/computeurlmap",
        "https://docs.cloud.google.com/ruby/docs/reference/google-cloud-iap-v1/latest/Google-Cloud-Iap-V1-CorsSettings",
    ),
)

GUIDES = (API_GATEWAY, S3, AZURE, GCP)
