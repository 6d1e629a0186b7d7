"""Request and response as plain values, so that the sandbox can also be called without a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netsuite_sandbox.wire import jsontext

RESOURCE = "application/vnd.oracle.resource+json"


@dataclass(slots=True)
class Request:
    """One HTTP request, whole.

    Attributes:
        base_url: Scheme, host and port as the caller used them, no slash at the end.
        query: Query parameters as (name, value) pairs, decoded, in order.
        headers: Header values by lower-case name.
        role: Of the caller, once that is known.
    """

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = "http://localhost"
    role: str = "admin"

    def param(self, name: str, default: str = "") -> str:
        """Return one query parameter."""
        for key, value in self.query:
            if key == name:
                return value
        return default

    def json(self) -> Any:
        """Parse the body."""
        return jsontext.parse(self.body)


@dataclass(slots=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer(
    value: Any,
    status: int = 200,
    content_type: str = RESOURCE + "; type=singular",
    headers: dict[str, str] | None = None,
) -> Response:
    """Render `value` as the JSON body of an answer."""
    return Response(
        status,
        {"content-type": content_type, **(headers or {})},
        jsontext.dumps(value).encode("ascii"),
    )


def plain_json(value: Any, status: int = 200) -> Response:
    """Render `value` as ordinary JSON (control interface, token endpoint)."""
    return answer(value, status, "application/json")


def created(location: str, headers: dict[str, str] | None = None) -> Response:
    """204 with a Location. Source: "Creating a Record Instance"."""
    return Response(204, {"location": location, **(headers or {})})
