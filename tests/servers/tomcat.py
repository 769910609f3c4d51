"""Tomcat as the distribution has it, with a configuration of its own and one servlet.

The servlet is compiled by the compiler that Tomcat brings along for JSP: so a Java runtime is enough.
"""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.servers.frameworks import Framework

_HOME = Path("/usr/share/tomcat10")
_JARS = Path("/usr/share/java")

_SERVER = """
<Server port="-1">
  <Service name="Catalina">
    <Connector port="0" address="127.0.0.1" protocol="HTTP/1.1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
"""

_WEB = """<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0" metadata-complete="true">
FIX
<servlet>
  <servlet-name>application</servlet-name>
  <servlet-class>Application</servlet-class>
</servlet>
<servlet-mapping>
  <servlet-name>application</servlet-name>
  <url-pattern>/</url-pattern>
</servlet-mapping>
</web-app>
"""

_SERVLET = """
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

public class Application extends HttpServlet {
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        // HttpServlet has no method for PATCH before Tomcat 11.
        if (request.getMethod().equals("PATCH")) doPut(request, response);
        else super.service(request, response);
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        switch (request.getServletPath()) {
            case "/data" -> {
                response.setHeader("X-Total-Count", "2");
                response.setContentType("application/json");
                response.getWriter().print("[1, 2]");
            }
            case "/broken" -> throw new IllegalStateException("broken");
            default -> response.sendError(404);
        }
    }

    @Override
    protected void doPut(HttpServletRequest request, HttpServletResponse response) throws IOException {
        doGet(request, response);
    }
}
"""


def _java(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("java") or "java", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )


def _compiler() -> str:
    """A class path with the compiler, whichever of its packages is there; empty if none is."""
    return ":".join(str(jar) for name in ("eclipse-jdt-core*.jar", "ecj*.jar") for jar in sorted(_JARS.glob(name)))


@functools.cache
def _servlet() -> Path:
    """The compiled servlet; gone when the process ends."""
    directory = tempfile.mkdtemp(prefix="corscheck-servlet-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    source = Path(directory, "Application.java")
    source.write_text(_SERVLET)
    main = "org.eclipse.jdt.internal.compiler.batch.Main"
    api = str(_HOME / "lib" / "servlet-api.jar")
    done = _java("-cp", _compiler(), main, "-17", "-proc:none", "-nowarn", "-cp", api, str(source))
    if done.returncode:
        raise RuntimeError(f"the servlet does not compile:\n{done.stdout}")
    return source.with_suffix(".class")


@dataclass(frozen=True)
class TomcatFramework(Framework):
    """Tomcat 10 with one web application, which has what was printed in its ``web.xml``."""

    @property
    def missing(self) -> list[str]:
        there = shutil.which("java") is not None and _compiler() and (_HOME / "bin" / "bootstrap.jar").exists()
        return [] if there else list(self.packages)

    @property
    def versions(self) -> dict[str, str]:
        jars = [_HOME / "lib" / "catalina.jar", _HOME / "lib" / "tomcat-util.jar", _HOME / "bin" / "tomcat-juli.jar"]
        said = _java("-cp", ":".join(map(str, jars)), "org.apache.catalina.util.ServerInfo").stdout
        found = re.search(r"Apache Tomcat/([0-9.]+)", said)
        assert found is not None, said
        return {"tomcat": found[1]}

    def argv(self) -> list[str]:
        jars = ":".join(str(_HOME / "bin" / name) for name in ("bootstrap.jar", "tomcat-juli.jar"))
        # Of small heap and compiled once: it answers a few dozen requests.
        options = ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=.")
        homes = (f"-Dcatalina.home={_HOME}", "-Dcatalina.base=.")
        return [shutil.which("java") or "java", *options, *homes, "-cp", jars, *self.command]

    def prepare(self, directory: Path) -> None:
        classes = directory / "webapps" / "ROOT" / "WEB-INF" / "classes"
        classes.mkdir()
        shutil.copy(_servlet(), classes)


TOMCAT = TomcatFramework(
    lambda fix: {"conf/server.xml": _SERVER, "webapps/ROOT/WEB-INF/web.xml": _WEB.replace("FIX\n", f"{fix}\n")},
    ("org.apache.catalina.startup.Bootstrap", "start"),
    ("tomcat10-common",),
)
