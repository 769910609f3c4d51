"""The panel of the help page in which an option stands, by the name of its field."""

from __future__ import annotations

_MEMBERS = {
    "Request": "origins origin methods method headers header data form credentials cookies user mode redirect "
    "upload_listener coep secure_context allowed framework expose max_age",
    "What to ask": "targets app app_dir curl source base base_url select exclude shard config env again until_allowed send depth "
    "max_requests watch until_allowed list_names list_codes probe ignore_host serve port",
    "Judging": "complete engines engine expect in_browser no_diagnose fail_on baseline max_failures exit_zero",
    "Network": "user_agent insecure proxy noproxy cacert cert key resolve connect_to unix_socket max_time http2 transport "
    "ipv4 ipv6 via rate retry wait_for concurrency cluster",
    "Output": "json jsonl reports reproducible verbose quiet color resume show_secrets dry_run print_curl poc output force "
    "format_",
}

PANELS = {field: panel for panel, fields in _MEMBERS.items() for field in fields.split()}
"""By field, its panel. The panels of a page have this order."""

ORDER = tuple(_MEMBERS)
