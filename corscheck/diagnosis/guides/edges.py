"""Guides for edge networks and hosting: CloudFront, Cloudflare, Fastly, Vercel, Netlify, Firebase, Supabase."""

from __future__ import annotations

from corscheck.diagnosis.guides.guide import Guide

CLOUDFRONT = Guide(
    name="cloudfront",
    title="Amazon CloudFront",
    aliases=("amazon cloudfront", "aws cloudfront"),
    owner=(
        "Either the origin, with the request headers it needs forwarded; or a response headers policy of the cache "
        "behavior. OriginOverride says which of the two wins where both send the header."
    ),
    configurations={
        "CorsConfig of a response headers policy (CloudFormation):": """\
CorsConfig:
  AccessControlAllowOrigins: { Items: ["https://app.example"] }
  AccessControlAllowMethods: { Items: ["GET", "PUT"] }
  AccessControlAllowHeaders: { Items: ["X-Tenant"] }
  AccessControlAllowCredentials: false
  AccessControlMaxAgeSec: 600
  OriginOverride: true""",
    },
    signals=(
        "A 403 for OPTIONS with Server: CloudFront: the behavior's allowed methods lack OPTIONS.",
        (
            "X-Cache: Hit from cloudfront with another page's Access-Control-Allow-Origin, or without any: the origin's "
            "answer was cached without Origin in the cache key."
        ),
    ),
    traps=(
        (
            "Where the origin decides, forward Origin, Access-Control-Request-Method and Access-Control-Request-Headers: "
            "the managed origin request policies are CORS-S3Origin and CORS-CustomOrigin."
        ),
        (
            "The managed response headers policies with CORS in their name allow every origin; only those with Preflight "
            "in it are for more than simple requests."
        ),
        "After a change the old copies stay until they expire or are invalidated.",
    ),
    source="https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ResponseHeadersPolicyCorsConfig.html",
    more=(
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html",
    ),
)

CLOUDFLARE = Guide(
    name="cloudflare",
    title="Cloudflare: Access, WAF, Workers, cache",
    aliases=("cloudflare access", "cloudflare-access", "cloudflare workers", "workers", "cloudflare-workers"),
    owner=(
        "Normally the server behind. Access answers first for what it protects: its application either lets the "
        "preflight through (Bypass OPTIONS requests to origin) or answers it by its own CORS settings. A Worker or "
        "Snippet on the route must answer OPTIONS itself."
    ),
    configurations={
        "A Worker or Snippet in front of the server:": """\
const cors = {
  "Access-Control-Allow-Origin": "https://app.example",
  "Access-Control-Allow-Methods": "PUT",
  "Access-Control-Allow-Headers": "X-Tenant",
};
export default {
  async fetch(request) {
    if (request.method === "OPTIONS") {
      return new Response(null, { status: 204, headers: cors });
    }
    const answer = await fetch(request);
    const copy = new Response(answer.body, answer);
    for (const name in cors) copy.headers.set(name, cors[name]);
    return copy;
  },
};""",
    },
    signals=(
        "A 403, or a 302 to .../cdn-cgi/access/login, for OPTIONS: Access, which the preflight brings no cookie.",
        "A 403 or 503 with an HTML page and cf-mitigated or cf-ray, and no CORS header: a challenge or a WAF rule.",
        "CF-Cache-Status: HIT with the Access-Control-Allow-Origin of another page: the cache key lacks Origin.",
    ),
    traps=(
        "Access takes either the bypass or its own CORS settings (options_preflight_bypass and cors_headers in its API).",
        (
            "The cache key is the URL and a few headers: Vary: Origin of the server counts only where a Cache Rule turns "
            "Vary on. Otherwise answer * or one fixed origin, or do not cache."
        ),
        "An error page of Cloudflare (52x) has no CORS header, and browsers then call it a CORS error.",
    ),
    source=(
        "https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/"
        "authorization-cookie/cors/index.md"
    ),
    more=(
        "https://developers.cloudflare.com/cache/concepts/vary/",
        "https://developers.cloudflare.com/rules/snippets/examples/define-cors-headers/",
    ),
    from_memory=("A custom rule with the action Skip for OPTIONS keeps bot checks away from preflights.",),
)

FASTLY = Guide(
    name="fastly",
    title="Fastly",
    aliases=("fastly vcl", "fastly compute"),
    owner=(
        "Normally the server behind. Fastly becomes the owner where a service's headers, VCL or Compute code set "
        "Access-Control headers or answer OPTIONS at the edge."
    ),
    configurations={
        "VCL, where the edge is to answer the preflight:": """\
# in vcl_recv
if (req.method == "OPTIONS" && req.http.Origin == "https://app.example") {
  error 618;
}
# in vcl_error
if (obj.status == 618) {
  set obj.status = 204;
  set obj.http.Access-Control-Allow-Origin = "https://app.example";
  set obj.http.Access-Control-Allow-Methods = "PUT";
  set obj.http.Access-Control-Allow-Headers = "X-Tenant";
  return(deliver);
}""",
    },
    signals=(
        "X-Cache: HIT with another page's Access-Control-Allow-Origin: the copy was stored without Vary: Origin.",
        "X-Served-By: cache-... on an answer that lacks what the server itself sends: an old copy; purge it.",
    ),
    traps=(
        "The preflight's answer is only half: the request itself needs Access-Control-Allow-Origin too.",
        "Vary: Origin keeps a copy for every origin; where everyone may read, * needs one copy and no Vary.",
    ),
    source="https://fastly.com/documentation/solutions/examples/cors-options-preflights-at-the-edge",
)

VERCEL = Guide(
    name="vercel",
    title="Vercel",
    aliases=("vercel.json", "vercel functions", "next.js on vercel"),
    owner=(
        "The function, Routing Middleware or the framework's configuration; for a fixed origin also headers in "
        "vercel.json. Functions add no CORS header by themselves."
    ),
    configurations={
        "vercel.json (fixed headers; the function still has to answer OPTIONS with a 2xx):": """\
{
  "headers": [{
    "source": "/api/(.*)",
    "headers": [
      { "key": "Access-Control-Allow-Origin",
        "value": "https://app.example" },
      { "key": "Access-Control-Allow-Methods", "value": "GET, PUT" },
      { "key": "Access-Control-Allow-Headers", "value": "X-Tenant" }
    ]
  }]
}""",
    },
    signals=(
        (
            "A 401 or a redirect to a login for OPTIONS on a preview deployment: Deployment Protection. OPTIONS Allowlist "
            "exempts preflights by path."
        ),
        "A 405 for OPTIONS with the right headers: vercel.json adds headers, but the function refuses the method.",
    ),
    traps=(
        "vercel.json cannot choose between origins; for more than one, answer in code and add Vary: Origin.",
        "Headers both in vercel.json and in the function: change one owner, and probe again.",
        "Every preview has a host of its own, which an exact origin on another server does not match.",
    ),
    source="https://vercel.com/kb/guide/how-to-enable-cors",
    more=("https://vercel.com/docs/deployment-protection/methods-to-bypass-deployment-protection/options-allowlist",),
)

NETLIFY = Guide(
    name="netlify",
    title="Netlify",
    aliases=("netlify.toml", "netlify functions"),
    owner=(
        "For files: a _headers file in the publish directory, or [[headers]] in netlify.toml. For functions, edge "
        "functions, rendered pages and proxied URLs: whatever makes the answer; custom headers do not apply to them."
    ),
    configurations={
        "netlify.toml (files):": """\
[[headers]]
  for = "/data/*"
  [headers.values]
    Access-Control-Allow-Origin = "https://app.example\"""",
        "A function (and the same header on its other answers):": """\
export default async (request) => {
  const cors = {
    "Access-Control-Allow-Origin": "https://app.example",
    "Access-Control-Allow-Methods": "PUT",
    "Access-Control-Allow-Headers": "X-Tenant",
  };
  if (request.method === "OPTIONS") {
    return new Response(null, { status: 204, headers: cors });
  }
  return Response.json({}, { headers: cors });
};""",
    },
    signals=(
        "The header on files and none on /.netlify/functions/... or on a proxied path: that is how custom headers work.",
        "The header on the page but a preflight that fails: the files' server makes no preflight answer for you.",
    ),
    traps=(
        "Custom headers are the same for all deploys and branches.",
        "A proxied answer comes from the other server: it must send the headers.",
    ),
    source="https://docs.netlify.com/routing/headers/",
)

FIREBASE = Guide(
    name="firebase",
    title="Firebase: Hosting, Cloud Functions",
    aliases=("firebase hosting", "firebase functions", "firebase-hosting", "firebase-functions"),
    owner=(
        "A function: the cors option of onRequest (off unless set). Hosting: headers in firebase.json, for files. A "
        "Hosting rewrite to the function makes it the same origin, and CORS is not needed."
    ),
    configurations={
        "A function (Node.js, second generation):": """\
const { onRequest } = require("firebase-functions/v2/https");
exports.data = onRequest(
  { cors: ["https://app.example"] },
  (request, response) => response.json({}),
);""",
        "Hosting, firebase.json:": """\
{
  "hosting": {
    "headers": [{
      "source": "/data/**",
      "headers": [{ "key": "Access-Control-Allow-Origin",
                    "value": "https://app.example" }]
    }]
  }
}""",
    },
    signals=(
        "No Access-Control header at all from a function: cors is not set, which is the default.",
        "A 403 with an HTML page from Google for OPTIONS: the function does not allow unauthenticated calls.",
    ),
    traps=(
        "A regular expression such as /app\\.example$/ also matches evilapp.example: anchor it.",
        "Cloud Storage for Firebase is a bucket with a CORS configuration of its own (corscheck explain gcp).",
    ),
    source="https://firebase.google.com/docs/functions/http-events",
    more=("https://firebase.google.com/docs/hosting/full-config",),
)

SUPABASE = Guide(
    name="supabase",
    title="Supabase Edge Functions",
    aliases=("supabase functions", "supabase edge functions", "edge functions"),
    owner="The function itself: it must answer OPTIONS, and put the headers on every answer, errors too.",
    configurations={
        "index.ts:": """\
const cors = {
  "Access-Control-Allow-Origin": "https://app.example",
  "Access-Control-Allow-Methods": "POST",
  "Access-Control-Allow-Headers":
    "authorization, x-client-info, apikey, content-type",
};
Deno.serve((request) => {
  if (request.method === "OPTIONS") {
    return new Response("ok", { headers: cors });
  }
  return Response.json({}, { headers: cors });
});""",
    },
    signals=(
        "apikey, authorization or x-client-info is not allowed: supabase-js sends them; the function does not list them.",
        "The 2xx has the headers and the error has not: a catch block, or an exception nobody catches.",
    ),
    traps=(
        (
            "@supabase/supabase-js/cors (from 2.95.0) exports corsHeaders that follow what the client sends; their origin "
            "is *."
        ),
        "The function's Invocations in the dashboard say whether OPTIONS reaches it at all.",
    ),
    source="https://supabase.com/docs/guides/functions/cors.md",
    more=("https://supabase.com/docs/guides/troubleshooting/unable-to-call-edge-function",),
)

GUIDES = (CLOUDFRONT, CLOUDFLARE, FASTLY, VERCEL, NETLIFY, FIREBASE, SUPABASE)
