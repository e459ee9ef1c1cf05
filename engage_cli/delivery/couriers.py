"""Couriers as engage.yaml describes them, with the secrets that the environment holds."""

import os
from base64 import b64encode
from collections.abc import Callable, Mapping

from engage_cli.definitions.sending import FromEnvironment, Login, MessagesDestination, Setting, Smtp, Webhook, is_address, is_open
from engage_cli.delivery.answers import Courier, Secrets
from engage_cli.delivery.pace import Pacer
from engage_cli.delivery.request_files import Requests
from engage_cli.delivery.smtp import SmtpCourier
from engage_cli.delivery.webhook import WebhookCourier
from engage_cli.errors import EngageError
from engage_cli.messaging.message import Message
from engage_cli.plan.instants import seconds_of

HeadersOf = Callable[[Message], dict[str, str]]


def pacer_of(destination: MessagesDestination) -> Pacer:
    """The pace that a destination is to be kept to."""
    rate = destination.pace.rate
    return Pacer() if rate is None else Pacer(rate.at_most, seconds_of(rate.per))


def courier_maker(
    destination: MessagesDestination, headers_of: HeadersOf, environment: Mapping[str, str] = os.environ
) -> Callable[[], Courier]:
    """What makes couriers to a destination. Raises EngageError for a variable that the environment does not have, or that holds
    no address where one is needed."""
    found = _Values(destination.name, environment)
    timeout = float(seconds_of(destination.pace.timeout))
    match destination.way:
        case Smtp() as smtp:
            login = found.login(smtp.login)
            secrets = Secrets(found.secrets)
            return lambda: SmtpCourier(smtp.host, smtp.port, smtp.security, login, timeout=timeout, headers_of=headers_of, secrets=secrets)
        case Webhook() as webhook:
            url = found.address(webhook)
            headers = {name: found.text(value) for name, value in webhook.headers.items()}
            if webhook.bearer is not None:
                headers["Authorization"] = f"Bearer {found.text(webhook.bearer)}"
            basic, options = found.login(webhook.basic), {name: found.text(value) for name, value in destination.options.items()}
            secrets, provider = Secrets(found.secrets), destination.provider
            return lambda: WebhookCourier(
                url, provider, options, headers, basic=basic, timeout=timeout, headers_of=headers_of, secrets=secrets
            )
        case None:
            raise AssertionError("a destination without a way gets files")


def requests_of(destination: MessagesDestination, headers_of: HeadersOf, environment: Mapping[str, str] = os.environ) -> Requests:
    """How messages are written for a destination that only gets files."""
    found = _Values(destination.name, environment)
    return Requests(destination.provider, {name: found.text(value) for name, value in destination.options.items()}, headers_of)


class _Values:
    """The values of settings, and which of them are secret."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self._name, self._environment = name, environment
        self.secrets: list[str] = []

    def text(self, setting: Setting) -> str:
        """The value of a setting."""
        if not isinstance(setting, FromEnvironment):
            return setting
        value = self._environment.get(setting.variable, "")
        if not value:
            message = f"the environment variable {setting.variable} is not set, which the destination `{self._name}` needs"
            raise EngageError(message, hint=f"set {setting.variable}, in the shell or the service that runs `engage deliver`")
        if not value.isprintable() or not value.isascii():
            raise EngageError(
                f"the environment variable {setting.variable} has characters that cannot be sent, such as a line break at its end",
                hint="set it to the secret alone",
            )
        self.secrets.append(value)
        return value

    def address(self, webhook: Webhook) -> str:
        """Where requests go. One of the environment keeps to the rules that one of engage.yaml keeps to."""
        url = self.text(webhook.url)
        if not isinstance(webhook.url, FromEnvironment):
            return url
        variable = f"the environment variable {webhook.url.variable}"
        if not is_address(url):
            message = f"{variable} holds no address that takes requests, which the destination `{self._name}` needs"
            raise EngageError(message, hint="write it whole: `https://…`")
        if webhook.has_secret and is_open(url):
            message = f"a secret of the destination `{self._name}` would go over an open connection to the address that {variable} holds"
            raise EngageError(message, hint="write `https://…`")
        return url

    def login(self, login: Login | None) -> tuple[str, str] | None:
        """A name and a password."""
        if login is None:
            return None
        username, password = self.text(login.username), self.text(login.password)
        self.secrets.append(b64encode(f"{username}:{password}".encode()).decode())
        return username, password
