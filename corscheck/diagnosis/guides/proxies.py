"""Guides for proxies and gateways: Traefik, Envoy, Kong, ingress-nginx, Varnish, IIS."""

from __future__ import annotations

from corscheck.diagnosis.guides.guide import Guide

TRAEFIK = Guide(
    name="traefik",
    title="Traefik",
    aliases=("traefik-hub",),
    owner=(
        "The headers middleware, on the router: its accessControl... options. What the service behind sends as "
        "Access-Control-Allow-Origin is overwritten."
    ),
    configurations={
        "Dynamic configuration:": """\
http:
  middlewares:
    cors:
      headers:
        accessControlAllowOriginList:
          - "https://app.example"
        accessControlAllowMethods:
          - "GET"
          - "PUT"
        accessControlAllowHeaders:
          - "X-Tenant"
        accessControlMaxAge: 600
        addVaryHeader: true""",
    },
    signals=(
        "A 401 or a redirect to a login for OPTIONS: forwardAuth or basicAuth stands before this middleware.",
        "Access-Control-Allow-Origin follows the page and Vary lacks Origin: addVaryHeader is not set.",
    ),
    traps=(
        "Middlewares run in the order in which the router lists them: this one first, then the authentication.",
        (
            "accessControlAllowOriginListRegex matches anywhere in the origin: write ^ and $, and escape the dots. YAML "
            "reads a backslash in double quotes as its own: use single ones."
        ),
        "customResponseHeaders is not the place for Access-Control headers: it answers no preflight.",
    ),
    source="https://doc.traefik.io/traefik/v3.0/middlewares/http/headers/",
)

ENVOY = Guide(
    name="envoy",
    title="Envoy, Istio, Envoy Gateway",
    aliases=("istio", "istio-envoy", "envoy gateway", "envoy-gateway"),
    owner=(
        "Envoy: the filter envoy.filters.http.cors, which does nothing until a route or virtual host has a CorsPolicy. "
        "Istio: corsPolicy of an HTTP route of a VirtualService. Envoy Gateway: cors of a SecurityPolicy."
    ),
    configurations={
        "Envoy, in a virtual host (and the filter itself among http_filters, before authentication and the router):": """\
typed_per_filter_config:
  envoy.filters.http.cors:
    "@type": >-
      type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy
    allow_origin_string_match:
      - exact: "https://app.example"
    allow_methods: "GET, PUT"
    allow_headers: "x-tenant"
    max_age: "600\"""",
        "Istio, in spec.http of a VirtualService:": """\
- corsPolicy:
    allowOrigins:
      - exact: https://app.example
    allowMethods: ["GET", "PUT"]
    allowHeaders: ["x-tenant"]
    maxAge: "10m\"""",
    },
    signals=(
        "OPTIONS reaches the application (its 404 or 405, x-envoy-upstream-service-time): no policy covers the route.",
        "The counters <stat_prefix>.cors.origin_valid and origin_invalid say whether the filter saw the origin at all.",
    ),
    traps=(
        "The filter without a policy, or a policy without the filter, is no CORS, and no error either.",
        "allow_origin_string_match with prefix also matches https://app.example.evil.test: use exact.",
        "filter_enabled below 100 percent or shadow_enabled lets some requests go without.",
    ),
    source="https://envoyproxy.io/docs/envoy/v1.25.8/configuration/http/http_filters/cors_filter",
    more=(
        "https://istio.io/docs/reference/config/networking/virtual-service.html",
        "https://gateway.envoyproxy.io/latest/tasks/security/cors/",
    ),
    from_memory=("With Istio, a JWT or authorization policy may refuse the preflight: allow OPTIONS without a token.",),
)

KONG = Guide(
    name="kong",
    title="Kong Gateway",
    aliases=("kong-gateway", "kong gateway"),
    owner="The cors plugin, on a service, on a route or globally. It answers the preflight itself.",
    configurations={
        "Declarative configuration:": """\
plugins:
  - name: cors
    service: SERVICE_NAME
    config:
      origins:
        - https://app.example
      methods: [GET, PUT]
      headers: [X-Tenant]
      credentials: false
      max_age: 600
      preflight_continue: false""",
    },
    signals=(
        (
            "A 404 for OPTIONS with Server: kong/...: the route lists methods without OPTIONS, so that no route, and no "
            "plugin, sees the preflight."
        ),
        "Two Access-Control-Allow-Origin headers: the service behind adds one too.",
    ),
    traps=(
        "Without origins the plugin answers *.",
        "An entry of origins that is no plain origin is a regular expression: escape the dots, write ^ and $.",
        "preflight_continue: true hands OPTIONS to the service, which must then answer it.",
    ),
    source="https://docs.konghq.com/hub/kong-inc/cors/",
    more=("https://github.com/Kong/kong",),
)

INGRESS_NGINX = Guide(
    name="ingress-nginx",
    title="ingress-nginx (Kubernetes)",
    aliases=("kubernetes", "k8s", "nginx-ingress", "ingress", "ingress nginx", "nginx ingress"),
    owner="Annotations of the Ingress: nginx.ingress.kubernetes.io/enable-cors and the cors-... beside it.",
    configurations={
        "metadata.annotations of the Ingress:": """\
nginx.ingress.kubernetes.io/enable-cors: "true"
nginx.ingress.kubernetes.io/cors-allow-origin: "https://app.example"
nginx.ingress.kubernetes.io/cors-allow-methods: "GET, PUT"
nginx.ingress.kubernetes.io/cors-allow-headers: "X-Tenant"
nginx.ingress.kubernetes.io/cors-allow-credentials: "false"
nginx.ingress.kubernetes.io/cors-max-age: "600\"""",
    },
    signals=(
        (
            "Access-Control-Allow-Origin: * together with Access-Control-Allow-Credentials: true: enable-cors with nothing "
            "else, for those are its defaults. Browsers refuse that pair where cookies are sent."
        ),
        (
            "A header is refused although enable-cors is on: cors-allow-headers replaces the default list, and the default "
            "list knows no header of yours."
        ),
        "Two Access-Control-Allow-Origin headers: the application adds one too.",
    ),
    traps=(
        "Origins are a list with commas, with scheme; https://*.app.example stands for one level of subdomain.",
        "The default max-age is 1728000 seconds; browsers cut it, but keep a wrong answer for hours.",
        "auth-url and other authentication of the same Ingress may see the preflight: probe it with OPTIONS.",
    ),
    source=(
        "https://github.com/kubernetes/ingress-nginx/blob/main/docs/user-guide/nginx-configuration/annotations.md"
        "#enable-cors"
    ),
)

VARNISH = Guide(
    name="varnish",
    title="Varnish",
    aliases=("varnish-cache", "vcl"),
    owner=(
        "Best the application behind; Varnish passes OPTIONS on and keeps copies apart by Vary. It becomes the owner "
        "where its VCL sets Access-Control headers."
    ),
    configurations={
        "VCL 4, where Varnish is to answer:": """\
sub vcl_recv {
    if (req.method == "OPTIONS" && req.http.Origin) {
        return (synth(204));
    }
}
sub cors {
    if (req.http.Origin == "https://app.example") {
        set resp.http.Access-Control-Allow-Origin = req.http.Origin;
    }
}
sub vcl_synth {
    if (req.method == "OPTIONS" && resp.status == 204) {
        call cors;
        set resp.http.Access-Control-Allow-Methods = "PUT";
        set resp.http.Access-Control-Allow-Headers = "X-Tenant";
        return (deliver);
    }
}
sub vcl_deliver {
    call cors;
}""",
    },
    signals=(
        (
            "Age above 0 or two numbers in X-Varnish, and the Access-Control-Allow-Origin of another page: the answer was "
            "cached without Vary: Origin."
        ),
        "The headers are there with Origin and missing without, or the other way round, until the copy expires.",
    ),
    traps=(
        "Vary: Origin must be on every copy, also on the answer to a request without Origin: Varnish keys by it.",
        "Headers set in vcl_deliver are set for each page anew; those set in vcl_backend_response are cached.",
        "The cached answer still needs Vary: Origin for the caches between Varnish and the browser.",
    ),
    source="https://raw.githubusercontent.com/varnishcache/varnish-cache/master/bin/varnishd/builtin.vcl",
)

IIS = Guide(
    name="iis",
    title="Microsoft IIS",
    aliases=("microsoft-iis", "microsoft iis", "web.config"),
    owner=(
        "The IIS CORS module (an extension to install), in web.config under system.webServer/cors. It answers the "
        "preflight before other modules, also where anonymous access is off."
    ),
    configurations={
        "web.config, in <system.webServer>:": """\
<cors enabled="true" failUnlistedOrigins="true">
  <add origin="https://app.example" maxAge="600">
    <allowHeaders>
      <add header="X-Tenant" />
    </allowHeaders>
    <allowMethods>
      <add method="PUT" />
    </allowMethods>
  </add>
</cors>""",
    },
    signals=(
        (
            "A 401 for OPTIONS with WWW-Authenticate: Negotiate or NTLM: the module is not installed, and Windows "
            "authentication sees the preflight, which never carries a login."
        ),
        "A 500.19 after <cors> was added: the module is not installed, so that the section is unknown.",
    ),
    traps=(
        (
            "customHeaders under httpProtocol adds headers to every answer, but answers no preflight and cannot choose "
            "between origins; with the module or the application it doubles them."
        ),
        (
            "An ASP.NET Core application behind IIS has a CORS middleware of its own (corscheck explain aspnet): only one "
            "of the two."
        ),
    ),
    source="https://learn.microsoft.com/en-us/iis/extensions/cors-module/cors-module-configuration-reference",
    more=("https://blogs.iis.net/iisteam/getting-started-with-the-iis-cors-module",),
    from_memory=(
        "Without the module, OPTIONS is answered by OPTIONSVerbHandler: a 200 with Allow and no CORS header.",
    ),
)

GUIDES = (TRAEFIK, ENVOY, KONG, INGRESS_NGINX, VARNISH, IIS)
