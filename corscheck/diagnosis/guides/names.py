"""Which stacks there is a guide for: the names alone, for who only points to one.

A failing probe says ``corscheck explain NAME``; to know the names it must not import the texts. The registry's tests
hold the two together.
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
"""Sorted; what ``corscheck explain`` takes beside codes, steps and texts."""
