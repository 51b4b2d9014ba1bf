"""The only item keys that do not begin with a tenant; all others are refused wherever isolation is checked."""

from __future__ import annotations

from typing import Any, Final

API_KEY: Final = "KEY#"


def api_key(sha256: str) -> dict[str, Any]:
    """The item that tells whose API key it is, by the key's sha256: whoever asks does not know the tenant yet."""
    return {"pk": {"S": f"{API_KEY}{sha256}"}, "sk": {"S": "KEY"}}
