"""Flask with Flask-CORS and by hand, several applications in one werkzeug server."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from flask_cors import CORS
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

APP = "https://app.example.com"


def flask(**options: object) -> Flask:
    app = Flask(__name__)
    CORS(app, **{"supports_credentials": True, **options})

    @app.get("/data")
    def data() -> Response:
        return jsonify(secret="of the visitor")

    return app


def by_hand() -> Flask:
    """An allowed host, looked for in what came."""
    app = Flask(__name__)

    @app.get("/data")
    def data() -> Response:
        return jsonify(secret="of the visitor")

    @app.after_request
    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin", "")
        if origin.split("//")[-1].split(".", 1)[-1] == "example.com":
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Vary"] = "Origin"
        return response

    return app


application = DispatcherMiddleware(
    Flask("root"),
    {
        "/flask-default": flask(),
        "/flask-pattern": flask(origins=[r"https://.*\.example\.com"]),
        "/flask-list": flask(origins=[r"^https://admin\.example\.com$", r"https://app.example.com$"]),
        "/flask-glob": flask(origins=[APP, "https://*.example.com"]),
        "/flask-own": flask(origins=[APP, r"https://api\.example\.com"]),
        "/flask-exact": flask(origins=[APP]),
        "/flask-exact-no-vary": flask(origins=[APP], vary_header=False),
        "/flask-hand": by_hand(),
    },
)

if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
