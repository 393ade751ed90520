"""Sends a tool's parameters to Rowgate and returns its answer."""

import json
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 60


class RowgateError(Exception):
    """A problem that Rowgate answered: its code, what happened, and what to do."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: credentials are sent only to the address that was entered."""

    def redirect_request(self, *args, **kwargs):
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def call(credentials, path, parameters):
    """Posts the parameters and returns the answer as a dict. Raises RowgateError for a problem."""
    body = {name: value for name, value in parameters.items() if value is not None and value != ""}
    if credentials.get("app_token"):
        body.setdefault("app_token", credentials["app_token"])
    request = urllib.request.Request(
        credentials["service_url"].rstrip("/") + path,
        data=json.dumps(body, ensure_ascii=False).encode("utf-8"),
        headers=_headers(credentials),
        method="POST",
    )
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return json.loads(response.read())
    except urllib.error.HTTPError as failure:
        raise _problem(failure) from None
    except (urllib.error.URLError, TimeoutError) as failure:
        reason = getattr(failure, "reason", failure)
        raise RowgateError("unreachable", f"the Rowgate service did not answer ({reason}); check its address") from None


def _headers(credentials):
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if credentials.get("connection_key"):
        headers["Authorization"] = "Bearer " + credentials["connection_key"]
        return headers
    headers["Authorization"] = "Bearer " + (credentials.get("passphrase") or "")
    headers["X-App-Id"] = credentials.get("app_id") or ""
    headers["X-App-Secret"] = credentials.get("app_secret") or ""
    return headers


def _problem(failure):
    try:
        problem = json.loads(failure.read())
        fix = problem.get("fix") or {}
        rows = "; ".join(
            f"row {row['index']}, {row['field']}: {row['message']} (expected: {row['expected']})"
            for row in (problem.get("errors") or [])[:5]
        )
        text = " ".join(part for part in (problem.get("detail"), rows, fix.get("zh"), fix.get("en")) if part)
        return RowgateError(problem["code"], text)
    except (ValueError, KeyError, TypeError, AttributeError):
        return RowgateError(f"http_{failure.code}", "the address answered, but not as a Rowgate service; check it")
