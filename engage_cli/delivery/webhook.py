"""Posts messages to an address, by httpx.

Each request has the message's id as its Idempotency-Key (the header of draft-ietf-httpapi-idempotency-key-header). What a status means is
RFC 9110's: 408, 425, 429, 500 and 503 say that the message was not taken and may be sent again; 502 and 504 come from somebody in between,
who does not know; of a request that got no answer nobody knows, either. 3xx, 403, 404 and 405 are what a wrong address answers, too.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx

from engage_cli.definitions.sending import Provider
from engage_cli.delivery.answers import NOT_BEGUN, Answer, Begin, Outcome, Secrets
from engage_cli.delivery.pace import retry_after
from engage_cli.messaging.message import Message
from engage_cli.messaging.providers import body_of, is_form
from engage_cli.messaging.providers.request import ProviderError

HeadersOf = Callable[[Message], dict[str, str]]

_LATER = frozenset((408, 425, 429, 500, 503))
_UNKNOWN = frozenset((502, 504))
_BARRED = frozenset((401, 407))
_DOUBTED = frozenset((403, 404, 405))
_ABOUT_A_DEVICE = ("UNREGISTERED", "SENDER_ID_MISMATCH")
"""What Firebase says with 404 and 403 of a token that no device, or that of another app, has:
https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode."""


class WebhookCourier:
    """One client of an address. `headers` go with every request, `headers_of` gives those that an email is to have."""

    def __init__(
        self,
        url: str,
        provider: Provider,
        options: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        basic: tuple[str, str] | None = None,
        timeout: float,
        headers_of: HeadersOf,
        secrets: Secrets,
    ) -> None:
        self._url, self._provider, self._options = url, provider, options
        self._headers_of, self._secrets = headers_of, secrets
        self._client = httpx.Client(headers=dict(headers), auth=basic, timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def send(self, message: Message, begin: Begin) -> Answer:
        """Post a message."""
        try:
            body = body_of(self._provider, message, self._options, self._headers_of(message))
        except ProviderError as error:
            return Answer(Outcome.UNFIT, "message", f"the message {error}")
        if not begin():
            return NOT_BEGUN
        key = {"Idempotency-Key": message.message_id}
        try:
            if is_form(self._provider):
                response = self._client.post(self._url, data=body, headers=key)
            else:
                response = self._client.post(self._url, json=body, headers=key)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return self._failed(Outcome.UNREACHED, error)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:  # nothing has left
            return self._failed(Outcome.BARRED, error)
        except httpx.HTTPError as error:
            return self._failed(Outcome.LOST, error)
        return self._answered(response)

    def _answered(self, response: httpx.Response) -> Answer:
        status = response.status_code
        wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        outcome = _outcome(status)
        if outcome is Outcome.DOUBTED and self._provider is Provider.FIREBASE and any(word in response.text for word in _ABOUT_A_DEVICE):
            outcome = Outcome.REFUSED
        return Answer(outcome, str(status), self._secrets.hidden(response.text or response.reason_phrase), wait)

    def _failed(self, outcome: Outcome, error: Exception) -> Answer:
        return Answer(outcome, "connection", self._secrets.hidden(f"{type(error).__name__}: {error}".removesuffix(": ")))


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.TAKEN
    if status in _LATER:
        return Outcome.LATER
    if status in _UNKNOWN or status < 200:
        return Outcome.LOST
    if status in _BARRED:
        return Outcome.BARRED
    if status < 400 or status in _DOUBTED:
        return Outcome.DOUBTED
    return Outcome.REFUSED if status < 500 else Outcome.LATER
