"""Messages in the shapes that providers take: one small mapping a provider, from a message to the body of a request.

A mapping raises ProviderError for a message that the provider has no place for. Values of people stand in JSON strings or form fields,
never in an address.
"""

from collections.abc import Callable, Mapping

from engage_cli.definitions.sending import Provider
from engage_cli.messaging.message import Message
from engage_cli.messaging.providers import braze, firebase, generic, sendgrid, ses, twilio
from engage_cli.messaging.providers.request import Body, Headers

Options = Mapping[str, str]

_BODIES: Mapping[Provider, Callable[[Message, Options, Headers], Body]] = {
    Provider.GENERIC: generic.body_of,
    Provider.SENDGRID: sendgrid.body_of,
    Provider.SES: ses.body_of,
    Provider.TWILIO: twilio.body_of,
    Provider.BRAZE: braze.body_of,
    Provider.FIREBASE: firebase.body_of,
}


def body_of(provider: Provider, message: Message, options: Options, headers: Headers) -> Body:
    """The body of the request by which a provider sends a message. `headers` are those that an email is to have beside."""
    return _BODIES[provider](message, options, headers)


def is_form(provider: Provider) -> bool:
    """Whether the provider takes form fields; else it takes JSON."""
    return provider is Provider.TWILIO
