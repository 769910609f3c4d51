"""Django with django-cors-headers; the settings are in ``project_settings``, which is written for the occasion."""

from __future__ import annotations

import os
from wsgiref.simple_server import make_server

from django.http import HttpRequest, JsonResponse
from django.urls import path


def data(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"secret": "of the visitor"})


urlpatterns = [path("data", data)]

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
    from django.core.wsgi import get_wsgi_application

    with make_server("127.0.0.1", 0, get_wsgi_application()) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
