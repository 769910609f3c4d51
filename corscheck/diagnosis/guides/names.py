"""The names of all guides.

A finding that suggests ``corscheck explain NAME`` needs the names without importing the guides' texts. A test keeps
this list equal to the registry.
"""

from __future__ import annotations

NAMES = (
    "api-gateway",
    "aspnet",
    "azure",
    "cloudflare",
    "cloudfront",
    "elasticsearch",
    "envoy",
    "fastly",
    "firebase",
    "gcp",
    "go",
    "iis",
    "ingress-nginx",
    "keycloak",
    "kong",
    "laravel",
    "minio",
    "netlify",
    "php",
    "s3",
    "spring",
    "supabase",
    "traefik",
    "varnish",
    "vercel",
)
"""The guide names that ``corscheck explain`` accepts, sorted."""
