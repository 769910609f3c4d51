"""Remedy for Tomcat, whose CorsFilter is available to every web application."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from corscheck.diagnosis.remedies.remedy import Remedy, demand_kept_preflights

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted


def _code(wanted: Wanted) -> str:
    demand_kept_preflights(wanted, "Tomcat's CorsFilter")
    parameters = {
        "cors.allowed.origins": ",".join(wanted.origins),
        "cors.allowed.methods": ",".join(wanted.methods),
        # Set even if it is empty, because the default allows six headers.
        "cors.allowed.headers": ",".join(wanted.headers),
    }
    if wanted.credentials:
        parameters["cors.support.credentials"] = "true"
    if wanted.exposed:
        parameters["cors.exposed.headers"] = ",".join(wanted.exposed)
    if wanted.max_age is not None:
        parameters["cors.preflight.maxage"] = str(wanted.max_age)
    given = "\n".join(_parameter(name, value) for name, value in parameters.items())
    return f"""<filter>
  <filter-name>CorsFilter</filter-name>
  <filter-class>org.apache.catalina.filters.CorsFilter</filter-class>
  <async-supported>true</async-supported>
{given}
</filter>
<filter-mapping>
  <filter-name>CorsFilter</filter-name>
  <url-pattern>/*</url-pattern>
</filter-mapping>
"""


def _parameter(name: str, value: str) -> str:
    return f"""  <init-param>
    <param-name>{name}</param-name>
    <param-value>{escape(value)}</param-value>
  </init-param>"""


REMEDY = Remedy(
    "tomcat",
    "Tomcat",
    "xml",
    "In WEB-INF/web.xml, inside web-app, before every other filter: filters run in the order of their mappings.",
    (
        (
            "The filter refuses requests with a 403 before the application sees them: not only preflights, but also "
            "a plain GET or POST from another origin, or one with a method that is not listed."
        ),
        (
            "Behind a proxy that terminates TLS, Tomcat sees the request as http and takes a POST from the site's "
            "own https pages for a cross-origin one: 403. A RemoteIpValve gives it the original scheme."
        ),
        "A security-constraint is checked before every filter: it responds to the preflight with a 401 or 403.",
        (
            "Without cors.allowed.headers, six header names are allowed; without cors.preflight.maxage, a preflight is "
            "cached for 1800 seconds."
        ),
        "The 403 for another origin has no Vary: Origin: do not let shared caches store errors.",
        "Spring Boot does not read web.xml: register the filter there with a FilterRegistrationBean.",
    ),
    _code,
)
