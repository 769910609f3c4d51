"""Guides for services that pages call directly: Keycloak, Elasticsearch, MinIO."""

from __future__ import annotations

from corscheck.diagnosis.guides.guide import Guide

KEYCLOAK = Guide(
    name="keycloak",
    title="Keycloak",
    aliases=("red hat sso", "rh-sso"),
    owner="Web origins of the client (Clients, the client, Settings): webOrigins in its JSON. Each client has its own.",
    configurations={
        "The client, as JSON:": """\
{
  "clientId": "app",
  "redirectUris": ["https://app.example/*"],
  "webOrigins": ["https://app.example"]
}""",
    },
    signals=(
        (
            "The token endpoint answers 200 without Access-Control-Allow-Origin: the page is not among the web origins of "
            "the client that asked."
        ),
        "It works with * and not with the page's origin: the entry ends in a slash (keycloak#25522).",
    ),
    traps=(
        (
            'An entry is an origin, without path and slash. "+" stands for the origins of all valid redirect URIs, but not '
            'for a "*" among them.'
        ),
        (
            "An error before the client is known (a wrong realm, a wrong client_id) has no CORS headers: read its body with "
            "curl."
        ),
        "The login page is navigated to, never fetched: a redirect of fetch() to it ends in a CORS error.",
    ),
    source="https://www.keycloak.org/docs-api/26.2.0/javadocs/org/keycloak/protocol/oidc/utils/WebOriginsUtils.html",
    more=("https://github.com/keycloak/keycloak/issues/25522",),
)

ELASTICSEARCH = Guide(
    name="elasticsearch",
    title="Elasticsearch",
    aliases=("elastic", "elastic cloud"),
    owner="http.cors.* in elasticsearch.yml of every node that serves HTTP. Off unless set; read at the start only.",
    configurations={
        "elasticsearch.yml:": """\
http.cors.enabled: true
http.cors.allow-origin: "https://app.example"
http.cors.allow-methods: OPTIONS, GET, POST
http.cors.allow-headers: Content-Type, Content-Length, Authorization
http.cors.allow-credentials: false""",
    },
    signals=(
        "No Access-Control header at all: http.cors.enabled is not set, whatever else is.",
        (
            "authorization is not allowed: the default of http.cors.allow-headers is X-Requested-With, Content-Type and "
            "Content-Length."
        ),
    ),
    traps=(
        "A value between two slashes is a regular expression: escape the dots.",
        'Quote a "*": without quotes the file is not valid.',
        "A cluster that any page may read is a cluster that any page may read: put an application before it.",
    ),
    source="https://www.elastic.co/guide/en/elasticsearch/reference/7.10/modules-http.html",
    more=("https://elastic.co/guide/en/elasticsearch/reference/8.15/behavioral-analytics-cors.html",),
)

MINIO = Guide(
    name="minio",
    title="MinIO",
    aliases=("aistor", "minio aistor"),
    owner=(
        "The server: MINIO_API_CORS_ALLOW_ORIGIN, or cors_allow_origin of the api configuration. AIStor also has CORS "
        "rules for each bucket (mc cors set), which come before it."
    ),
    configurations={
        "The server's environment:": 'export MINIO_API_CORS_ALLOW_ORIGIN="https://app.example"',
        "AIStor, rules of one bucket (S3's XML):": "mc cors set ALIAS/BUCKET cors.xml",
    },
    signals=(
        "The page's origin comes back with Access-Control-Allow-Credentials: true, whoever asks: the default, *.",
        "CORS passes and the request is a 403: signature or policy, not CORS.",
    ),
    traps=(
        "Several origins are separated by commas; each is an origin without a slash at its end.",
        "AIStor: MINIO_API_CORS_ALLOW_CREDENTIALS_WITH_WILDCARD=off stops the reflecting of any origin.",
    ),
    source="https://docs.min.io/aistor/administration/cors-configuration/",
    from_memory=("The open source server takes no CORS rules of a bucket, so that S3's PutBucketCors fails there.",),
)

GUIDES = (KEYCLOAK, ELASTICSEARCH, MINIO)
