"""All curl options, and whether they are used, ignored or refused. Sources: ``curl --help all`` 7.88, and the 8 manual.

An option is written ``short long=``. The equals sign means that it takes a value; the short name is optional.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Use: TypeAlias = Literal["used", "ignored", "refused"]

_USED = """
X request= / H header= / d data= / data-ascii= / data-binary= / data-raw= / data-urlencode= / json= / F form= /
form-string= / b cookie= / A user-agent= / e referer= / u user= / k insecure / G get / I head / url= / url-query= /
x proxy= / noproxy= / cacert= / E cert= / key= / resolve= / connect-to= / unix-socket= / m max-time= / http2 / 4 ipv4 /
6 ipv6 / oauth2-bearer= / r range= / g globoff / : next
"""
"""Options that set the request or the connection to the server."""

_IGNORED = """
compressed / L location / location-trusted / i include / s silent / S show-error / v verbose / f fail / fail-with-body /
fail-early / o output= / O remote-name / J remote-header-name / R remote-time / remote-name-all / output-dir= /
create-dirs / create-file-mode= / no-clobber / remove-on-error / w write-out= / D dump-header= / c cookie-jar= /
j junk-session-cookies / # progress-bar / progress-meter / N no-buffer / buffer / stderr= / styled-output / trace= /
trace-ascii= / trace-time / trace-ids / trace-config= / libcurl= / suppress-connect-headers / skip-existing / out-null /
connect-timeout= / expect100-timeout= / keepalive / keepalive-time= / keepalive-cnt= / limit-rate= / max-filesize= /
max-redirs= / post301 / post302 / post303 / follow / retry= / retry-all-errors / retry-connrefused / retry-delay= /
retry-max-time= / Y speed-limit= / y speed-time= / rate= / Z parallel / parallel-immediate / parallel-max= /
parallel-max-host= / happy-eyeballs-timeout-ms= / tcp-fastopen / tcp-nodelay / path-as-is / basic / raw / tr-encoding /
http1.0 / 0 http1.0 / http1.1 / http0.9 / q disable / alpn / npn / sessionid / 1 tlsv1 / tlsv1.0 / tlsv1.1 / tlsv1.2 /
tlsv1.3 / tls-max= / ciphers= / tls13-ciphers= / curves= / sigalgs= / false-start / ssl / ssl-reqd / ssl-no-revoke /
ssl-revoke-best-effort / ssl-allow-beast / ssl-auto-client-cert / cert-status / ca-native / proto= / proto-redir= /
proto-default= / disallow-username-in-url / etag-save= / hsts= / alt-svc= / dns-servers= / dns-interface= /
dns-ipv4-addr= / dns-ipv6-addr= / xattr / ignore-content-length / B use-ascii / form-escape / ip-tos= / vlan-priority= /
mptcp / tls-earlydata
"""
"""Options that change neither the request nor the connection, or that browsers decide (redirects, compression)."""

_REFUSED = """
abstract-unix-socket= / anyauth / a append / aws-sigv4= / capath= / cert-type= / compressed-ssh / K config= /
C continue-at= / crlf / crlfile= / delegation= / digest / disable-eprt / disable-epsv / doh-cert-status / doh-insecure /
doh-url= / ech= / egd-file= / engine= / etag-compare= / ftp-account= / ftp-alternative-to-user= / ftp-create-dirs /
ftp-method= / ftp-pasv / P ftp-port= / ftp-pret / ftp-skip-pasv-ip / ftp-ssl-ccc / ftp-ssl-ccc-mode= / ftp-ssl-control /
haproxy-protocol / haproxy-clientip= / h help / hostpubmd5= / hostpubsha256= / http2-prior-knowledge / http3 /
http3-only / interface= / ipfs-gateway= / key-type= / krb= / l list-only / local-port= / login-options= / mail-auth= /
mail-from= / mail-rcpt= / mail-rcpt-allowfails / M manual / metalink / negotiate / n netrc / netrc-file= /
netrc-optional / ntlm / ntlm-wb / pass= / pinnedpubkey= / preproxy= / proxy-anyauth / proxy-basic / proxy-ca-native /
proxy-cacert= / proxy-capath= / proxy-cert= / proxy-cert-type= / proxy-ciphers= / proxy-crlfile= / proxy-digest /
proxy-header= / proxy-http2 / proxy-insecure / proxy-key= / proxy-key-type= / proxy-negotiate / proxy-ntlm / proxy-pass= /
proxy-pinnedpubkey= / proxy-service-name= / proxy-ssl-allow-beast / proxy-ssl-auto-client-cert / proxy-tls13-ciphers= /
proxy-tlsauthtype= / proxy-tlspassword= / proxy-tlsuser= / proxy-tlsv1 / U proxy-user= / proxy1.0= / p proxytunnel /
pubkey= / Q quote= / random-file= / request-target= / sasl-authzid= / sasl-ir / service-name= / socks4= / socks4a= /
socks5= / socks5-basic / socks5-gssapi / socks5-gssapi-nec / socks5-gssapi-service= / socks5-hostname= / 2 sslv2 /
3 sslv3 / t telnet-option= / tftp-blksize= / tftp-no-options / z time-cond= / tlsauthtype= / tlspassword= / tlsuser= /
T upload-file= / variable= / V version
"""
"""Options that corscheck does not support, and that cannot be ignored without changing the request."""

_WHY = {
    "config": "put its options into the command",
    "upload-file": "write -X PUT --data-binary @FILE",
    "proxy-user": "write -x http://USER:PASS@HOST:PORT",
    "netrc": "write -u USER:PASS",
    "netrc-file": "write -u USER:PASS",
    "http3": "corscheck speaks HTTP/1.1 and HTTP/2",
    "http3-only": "corscheck speaks HTTP/1.1 and HTTP/2",
    "http2-prior-knowledge": "write --http2",
    "request-target": "write the path into the URL",
    "digest": "corscheck sends a login as Basic only",
    "time-cond": "write the header with -H",
    "etag-compare": "write the header with -H",
}


class Option(Struct, frozen=True):
    """An option. ``why`` says what to write instead of a refused option, if there is something."""

    name: str
    short: str | None
    value: bool
    use: Use
    why: str | None = None

    @property
    def shown(self) -> str:
        """The short and the long form, for messages."""
        return f"-{self.short}, --{self.name}" if self.short is not None else f"--{self.name}"


def _options() -> list[Option]:
    found = []
    tables: tuple[tuple[Use, str], ...] = (("used", _USED), ("ignored", _IGNORED), ("refused", _REFUSED))
    for use, table in tables:
        for entry in " ".join(table.split()).split(" / "):
            short, _, name = entry.rpartition(" ")
            name, equals, _ = name.partition("=")
            found.append(Option(name, short or None, bool(equals), use, _WHY.get(name)))
    return found


LONG = {option.name: option for option in _options()}
SHORT = {option.short: option for option in _options() if option.short is not None}


def near(name: str) -> str:
    """Return ``; did you mean --header?`` for an unknown long option, or an empty string."""
    import difflib

    close = difflib.get_close_matches(name, LONG, 1, 0.6)
    return f"; did you mean --{close[0]}?" if close else ""
