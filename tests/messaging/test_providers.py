"""Requests to providers have the shape that each documents: see the source that each schema names."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engage_cli.definitions.sending import Provider
from engage_cli.messaging.message import Message
from engage_cli.messaging.providers import body_of
from engage_cli.messaging.providers.request import ProviderError
from engage_cli.messaging.providers.ses import bulk_of, together
from engage_cli.records import replace

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these keys and no others."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required), "additionalProperties": False}


def array(items: dict[str, Any], at_most: int = 1000) -> dict[str, Any]:
    """A list of at least one."""
    return {"type": "array", "items": items, "minItems": 1, "maxItems": at_most}


MAILBOX = record({"email": {"type": "string", "pattern": "^[^<> ]+@[^<> ]+$"}}, {"name": TEXT})
SCHEMAS = {
    # https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send: `content` or `template_id`, `text/plain` before `text/html`
    Provider.SENDGRID: record(
        {
            "personalizations": array(record({"to": array(MAILBOX)}, {"custom_args": TEXTS, "dynamic_template_data": {"type": "object"}})),
            "from": MAILBOX,
        },
        {
            "reply_to": MAILBOX,
            "subject": TEXT,
            "content": array(record({"type": {"enum": ["text/plain", "text/html"]}, "value": TEXT}), 2),
            "template_id": TEXT,
            "headers": TEXTS,
            "categories": array(TEXT, 10),
        },
    ),
    # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
    Provider.SES: record(
        {
            "FromEmailAddress": TEXT,
            "DefaultContent": record(
                {
                    "Template": record(
                        {"TemplateData": TEXT},
                        {"TemplateName": TEXT, "TemplateContent": record({}, {"Subject": TEXT, "Text": TEXT, "Html": TEXT})},
                    )
                }
            ),
            "BulkEmailEntries": array(
                record(
                    {"Destination": record({"ToAddresses": array(TEXT, 50)})},
                    {
                        "ReplacementEmailContent": record({"ReplacementTemplate": record({"ReplacementTemplateData": TEXT})}),
                        "ReplacementTags": array(
                            record(
                                {
                                    "Name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,256}$"},
                                    "Value": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,256}$"},
                                }
                            )
                        ),
                        "ReplacementHeaders": array(record({"Name": TEXT, "Value": TEXT}), 15),
                    },
                ),
                50,
            ),
        },
        {"ReplyToAddresses": array(TEXT), "ConfigurationSetName": TEXT},
    ),
    # https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
    Provider.TWILIO: {
        **record(
            {"To": {"type": "string", "pattern": r"^(whatsapp:)?\+[0-9]{5,15}$"}},
            {
                "From": TEXT,
                "MessagingServiceSid": TEXT,
                "Body": {"type": "string", "maxLength": 1600},
                "ContentSid": TEXT,
                "ContentVariables": TEXT,
            },
        ),
        "allOf": [
            {"oneOf": [{"required": ["From"]}, {"required": ["MessagingServiceSid"]}]},
            {"oneOf": [{"required": ["Body"]}, {"required": ["ContentSid"]}]},
        ],
    },
    # https://www.braze.com/docs/api/endpoints/messaging/send_messages/post_send_messages, and the messaging objects that it names
    Provider.BRAZE: record(
        {
            "external_user_ids": array(TEXT, 50),
            "recipient_subscription_state": {"enum": ["all", "subscribed", "opted_in"]},
            "messages": record(
                {},
                {
                    "email": record(
                        {"app_id": TEXT, "from": TEXT, "subject": TEXT, "body": TEXT},
                        {
                            "plaintext_body": TEXT,
                            "reply_to": {"type": "string", "pattern": "^[^<> ]+@[^<> ]+$"},
                            "headers": TEXTS,
                            "extras": TEXTS,
                        },
                    ),
                    "sms": record({"app_id": TEXT, "subscription_group_id": TEXT, "body": TEXT}),
                    "android_push": record({"alert": TEXT, "title": {"type": "string"}}, {"extra": TEXTS}),
                    "apple_push": record({"alert": record({"body": TEXT}, {"title": TEXT})}, {"extra": TEXTS}),
                },
            ),
        }
    ),
    # https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
    Provider.FIREBASE: record(
        {"message": record({"token": TEXT}, {"data": TEXTS, "notification": record({}, {"title": TEXT, "body": TEXT})})}
    ),
}
EMAIL = Message(
    "m1",
    "u1",
    "ana@example.com",
    "email",
    template="welcome",
    subject="Hello",
    html="<p>Hello {{ana}}</p>",
    text="Hello",
    sender="Acme <hello@acme.example>",
    reply_to="help@acme.example",
    campaign="welcome",
    step="day_1.hello",
    variant="a",
)
TO_FILL = replace(EMAIL, html=None, text=None, subject=None, variables={"first_name": "Ana", "cart": {"total": 12.5}, "from": "x"})
SMS = replace(EMAIL, channel="sms", to="+447911000000", subject=None, html=None, sender="ACME", reply_to=None)
PUSH = replace(SMS, channel="push", to="token-of-a-device", subject="Title")
HEADERS = {"List-Unsubscribe": "<https://acme.example/u/t>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
OPTIONS = {"app_id": "app", "subscription_group_id": "group", "configuration_set_name": "marketing"}

CASES = [
    (Provider.SENDGRID, EMAIL),
    (Provider.SENDGRID, replace(EMAIL, html=None, campaign=None, reply_to=None)),
    (Provider.SENDGRID, TO_FILL),
    (Provider.SES, EMAIL),
    (Provider.SES, replace(EMAIL, text=None)),
    (Provider.SES, TO_FILL),
    (Provider.TWILIO, SMS),
    (Provider.TWILIO, replace(SMS, text=None, variables={"1": "Ana"}, template="HX0")),
    (Provider.TWILIO, replace(SMS, channel="whatsapp", sender="+447911111111")),
    (Provider.BRAZE, EMAIL),
    (Provider.BRAZE, replace(EMAIL, reply_to="Acme help <help@acme.example>")),
    (Provider.BRAZE, replace(EMAIL, category="transactional", text=None)),
    (Provider.BRAZE, SMS),
    (Provider.BRAZE, PUSH),
    (Provider.BRAZE, replace(PUSH, subject=None)),
    (Provider.FIREBASE, PUSH),
    (Provider.FIREBASE, replace(PUSH, text=None, subject=None, variables={"cart": {"total": 12.5}, "name": "Ana", "from": "x"})),
]


@pytest.mark.parametrize(("provider", "message"), CASES, ids=lambda one: one.value if isinstance(one, Provider) else one.channel)
@pytest.mark.parametrize("headers", [HEADERS, {}], ids=["headers", "no headers"])
def test_a_request_has_the_documented_shape(provider: Provider, message: Message, headers: dict[str, str]) -> None:
    options = {**OPTIONS, **({"messaging_service_sid": "MG0"} if headers and provider is Provider.TWILIO else {})}
    body = body_of(provider, message, options, headers)
    Draft202012Validator.check_schema(SCHEMAS[provider])
    errors = [error.message for error in Draft202012Validator(SCHEMAS[provider]).iter_errors(json.loads(json.dumps(body)))]
    assert errors == []


def test_sendgrid_says_what_came_of_which_message() -> None:
    body = body_of(Provider.SENDGRID, EMAIL, {}, {**HEADERS, "Subject": "no"})
    assert body["personalizations"][0] == {
        "to": [{"email": "ana@example.com"}],
        "custom_args": {"message_id": "m1", "campaign": "welcome", "step": "day_1.hello", "variant": "a"},
    }
    assert (body["from"], body["reply_to"]) == ({"email": "hello@acme.example", "name": "Acme"}, {"email": "help@acme.example"})
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert body["headers"] == HEADERS
    filled = body_of(Provider.SENDGRID, TO_FILL, {}, {})
    assert (filled["template_id"], filled["personalizations"][0]["dynamic_template_data"]) == ("welcome", TO_FILL.variables)
    assert "content" not in filled


def test_ses_takes_fifty_at_a_time_through_a_template_of_holes() -> None:
    many = [(replace(EMAIL, message_id=f"m{at}", to=f"u{at}@example.com"), HEADERS) for at in range(50)]
    body = bulk_of(many, OPTIONS)
    assert body["DefaultContent"]["Template"]["TemplateContent"] == {"Subject": "{{{subject}}}", "Text": "{{{text}}}", "Html": "{{{html}}}"}
    entries = body["BulkEmailEntries"]
    assert [entry["Destination"]["ToAddresses"] for entry in entries] == [[f"u{at}@example.com"] for at in range(50)]
    data = json.loads(entries[0]["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
    assert data == {"subject": "Hello", "text": "Hello", "html": "<p>Hello {{ana}}</p>"}
    assert {"Name": "step", "Value": "day_1_hello"} in entries[0]["ReplacementTags"]
    assert body["ConfigurationSetName"] == "marketing"
    assert together(EMAIL) != together(TO_FILL)
    assert together(EMAIL) != together(replace(EMAIL, sender="other@acme.example"))
    assert together(EMAIL) == together(many[3][0])


def test_twilio_takes_fields() -> None:
    assert body_of(Provider.TWILIO, SMS, {}, {}) == {"To": "+447911000000", "From": "ACME", "Body": "Hello"}
    service = body_of(Provider.TWILIO, SMS, {"messaging_service_sid": "MG0"}, {})
    assert service == {"To": "+447911000000", "MessagingServiceSid": "MG0", "Body": "Hello"}
    chat = body_of(Provider.TWILIO, replace(SMS, channel="whatsapp", sender="+447911111111"), {}, {})
    assert (chat["To"], chat["From"]) == ("whatsapp:+447911000000", "whatsapp:+447911111111")


def test_firebase_gets_text_alone_and_no_reserved_key() -> None:
    message = replace(PUSH, text=None, subject=None, variables={"cart": {"total": 12.5}, "from": "x", "google.x": "y", "name": "Ana"})
    data = body_of(Provider.FIREBASE, message, {}, {})["message"]["data"]
    assert data == {
        "cart": '{"total": 12.5}',
        "name": "Ana",
        "message_id": "m1",
        "campaign": "welcome",
        "step": "day_1.hello",
        "variant": "a",
    }
    assert body_of(Provider.FIREBASE, PUSH, {}, {})["message"]["notification"] == {"title": "Title", "body": "Hello"}


def test_the_generic_request_has_all_that_the_message_has() -> None:
    body = body_of(Provider.GENERIC, TO_FILL, {}, HEADERS)
    assert body == {
        "message_id": "m1",
        "user_id": "u1",
        "channel": "email",
        "to": "ana@example.com",
        "template": "welcome",
        "reply_to": "help@acme.example",
        "campaign": "welcome",
        "step": "day_1.hello",
        "variant": "a",
        "from": "Acme <hello@acme.example>",
        "category": "marketing",
        "variables": TO_FILL.variables,
        "headers": HEADERS,
    }


@pytest.mark.parametrize(
    ("provider", "message", "said"),
    [
        (Provider.SENDGRID, replace(EMAIL, sender=None), "has no sender"),
        (Provider.SENDGRID, replace(EMAIL, subject=None), "has no subject"),
        (Provider.SENDGRID, replace(TO_FILL, template=None), "has neither a text nor the name of a template"),
        (Provider.SES, replace(EMAIL, subject=""), "has no subject"),
        (Provider.TWILIO, replace(SMS, sender=None), "has no sender"),
        (Provider.TWILIO, replace(SMS, text="x" * 1601), "is longer than the 1,600 characters"),
        (Provider.BRAZE, replace(SMS, text=None), "has no text"),
        (Provider.BRAZE, replace(EMAIL, subject=None), "has no subject"),
    ],
)
def test_a_message_that_a_provider_has_no_place_for(provider: Provider, message: Message, said: str) -> None:
    with pytest.raises(ProviderError, match=said):
        body_of(provider, message, OPTIONS, {})
