"""Plain classes for the cookies of an HTTP response, in the shape that the worker library constructs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class NullableString:
    """A string that may be absent."""

    value: str


@dataclass(frozen=True, slots=True)
class NullableBool:
    """A boolean that may be absent."""

    value: bool


@dataclass(frozen=True, slots=True)
class NullableDouble:
    """A number that may be absent."""

    value: float


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Seconds since 1970, UTC."""

    seconds: int


@dataclass(frozen=True, slots=True)
class NullableTimestamp:
    """A time that may be absent."""

    value: Timestamp


class _SameSite:
    Lax: ClassVar[str] = "Lax"
    Strict: ClassVar[str] = "Strict"
    ExplicitNone: ClassVar[str] = "None"


# The library reads the member that Python cannot spell as an attribute: `getattr(SameSite, "None")`.
setattr(_SameSite, "None", "")


@dataclass(frozen=True, slots=True)
class RpcHttpCookie:
    """One `Set-Cookie`; `same_site` is empty when the app did not set it."""

    SameSite: ClassVar[type[_SameSite]] = _SameSite

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: str = ""
    max_age: NullableDouble | None = None

    def header(self) -> str:
        """The value of the `Set-Cookie` header."""
        parts = [f"{self.name}={self.value}"]
        if self.expires:
            moment = datetime.fromtimestamp(self.expires.value.seconds, UTC)
            parts.append(f"expires={moment:%a, %d %b %Y %H:%M:%S GMT}")
        if self.max_age:
            parts.append(f"max-age={self.max_age.value:g}")
        if self.domain and self.domain.value:
            parts.append(f"domain={self.domain.value}")
        if self.path and self.path.value:
            parts.append(f"path={self.path.value}")
        if self.secure and self.secure.value:
            parts.append("secure")
        if self.http_only and self.http_only.value:
            parts.append("httponly")
        if self.same_site:
            parts.append(f"samesite={self.same_site.lower()}")
        return "; ".join(parts)
