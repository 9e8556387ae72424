"""What a browser may do with the answers, and how far a proxy in front is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.headers import IDEMPOTENCY_KEY, REPLAYED, REQUEST_ID, SUBJECT
from app.settings import ServiceSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Wsgi = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
# The page that shows the document runs its own scripts, and one that its template holds.
_DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'"
)
_DOCS = "/docs/"
_YEAR_S = 31_536_000


def headers_for(scheme: str) -> list[tuple[str, str]]:
    """What every answer carries, http or https."""
    secure = {"Strict-Transport-Security": f"max-age={_YEAR_S}"} if scheme == "https" else {}
    return list((_HEADERS | secure).items())


def init_app(app: Flask, settings: ServiceSettings) -> None:
    """Add the headers to every answer; open nothing to other sites unless a setting does."""
    if settings.cors_origins:
        from flask_cors import CORS  # noqa: PLC0415  # most never open the service to other sites

        CORS(
            app,
            origins=sorted(settings.cors_origins),
            resources=r"/v1/.*",
            allow_headers=["Authorization", "Content-Type", IDEMPOTENCY_KEY, SUBJECT, REQUEST_ID],
            expose_headers=["Retry-After", REPLAYED, REQUEST_ID],
        )

    @app.after_request
    def protect(answer: Response) -> Response:
        if request.path.startswith(_DOCS):
            answer.headers.setdefault("Content-Security-Policy", _DOCS_POLICY)
            answer.headers.setdefault("Cache-Control", "public, max-age=3600")
        for name, value in headers_for(request.scheme):
            answer.headers.setdefault(name, value)
        return answer


def believe_proxies(application: Wsgi, hops: int) -> Wsgi:
    """The application behind so many proxies that add to X-Forwarded-For and X-Forwarded-Proto."""
    if not hops:
        return application
    return ProxyFix(application, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)
