"""Getting at the gateways: their addresses, and their keys from Secrets Manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from dropreel.errors import NotSent, Refused, StatusUnavailable
from dropreel.gateways import Answer, Callback, Gateway
from dropreel.gateways.aimlapi import Aimlapi
from dropreel.gateways.measured import Measured
from dropreel.gateways.pixazo import Pixazo
from dropreel.gateways.wire import new_client
from dropreel.settings import GatewaySettings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

    from dropreel.catalog.model import Model

#: Every gateway: the class that speaks to it, by its name in the catalog.
GATEWAYS: Final[Mapping[str, Callable[[httpx.Client, str, Callable[[], str]], Gateway]]] = {
    "pixazo": Pixazo,
    "aimlapi": Aimlapi,
}

#: Seconds that a key is kept, as long as it is not refused: so long a rotated key may still be used.
KEY_KEPT = 900.0
#: Answers that a wrong key gets.
KEY_REFUSED = frozenset({401, 403})


class Keys:
    """The gateways' API keys, read when first needed and again after a while."""

    def __init__(self, client: SecretsManagerClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}

    def get(self, secret: str) -> str:
        """The key in this secret. Raises NotSent if there is none: nothing can be sent without it."""
        read_at, key = self._known.get(secret, (0.0, ""))
        if key and self._clock() - read_at < KEY_KEPT:
            return key
        try:
            key = self._client.get_secret_value(SecretId=secret).get("SecretString", "").strip()
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise NotSent(f"the key could not be read from its secret ({code})") from error
        if not key or not key.isascii() or not key.isprintable():
            raise NotSent("the secret holds no usable key")
        self._known[secret] = (self._clock(), key)
        return key

    def forget(self, secret: str) -> None:
        """Read this key anew the next time."""
        self._known.pop(secret, None)


class Keyed:
    """A gateway whose key is read anew once it was refused, as it may have been rotated."""

    def __init__(self, gateway: Gateway, forget: Callable[[], None]) -> None:
        self._gateway = gateway
        self._forget = forget
        self.calls_back = gateway.calls_back

    def submit(self, model: type[Model], values: Mapping[str, Any], callback: Callback | None) -> str:
        """POST one generation, as the gateway itself does."""
        with self._watched():
            return self._gateway.submit(model, values, callback)

    def status(self, request_id: str) -> Answer:
        """Ask how a request stands, as the gateway itself does."""
        with self._watched():
            return self._gateway.status(request_id)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except (Refused, StatusUnavailable) as refusal:
            if refusal.status in KEY_REFUSED:
                self._forget()
            raise


def gateways(
    settings: GatewaySettings, keys: Keys, http: Callable[[], httpx.Client] | None = None
) -> Callable[[str], Gateway]:
    """Find a gateway by its name."""
    client = (http or new_client)()

    def made(name: str) -> Gateway:
        url, secret = place(settings, name)
        gateway = GATEWAYS[name](client, url, lambda: keys.get(secret))
        return Measured(Keyed(gateway, lambda: keys.forget(secret)), name)

    return {name: made(name) for name in GATEWAYS}.__getitem__


def place(settings: GatewaySettings, name: str) -> tuple[str, str]:
    """A gateway's base URL and the name of its key's secret: the settings NAME_url and NAME_secret."""
    return getattr(settings, f"{name}_url").rstrip("/"), getattr(settings, f"{name}_secret")
