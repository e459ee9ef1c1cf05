"""Editions of templates: a text with what engage.yaml says that messages show, kept so that the same message can be made again."""

import json
from collections.abc import Iterable, Mapping
from hashlib import md5
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from engage_cli.definitions.paths import path_of
from engage_cli.definitions.project import Channel, Config, Language, Messaging, Urls
from engage_cli.messaging.template import MessageTemplate, restore_template

if TYPE_CHECKING:  # a process that renders needs no engine, and starts without one
    from engage_cli.engine.base import Engine


class Edition(Struct, frozen=True):
    """One text of a template: the files by path as a JSON object, and what it shows of engage.yaml as another."""

    template: str
    texts: str
    setting: str

    @property
    def id(self) -> str:
        """By what it is kept: the hash of all of it."""
        return md5("\x1f".join((self.template, self.texts, self.setting)).encode("utf-8", "surrogatepass")).hexdigest()

    def restored(self) -> MessageTemplate:
        """The template, with the setting that it was rendered with."""
        setting = json.loads(self.setting)
        return restore_template(self.template, json.loads(self.texts), _messaging(setting), setting["timezone"])


def edition_of(template: MessageTemplate, config: Config) -> Edition:
    """The edition that a project has now."""
    messaging, urls = config.messaging, config.messaging.urls
    setting = {
        "channels": {name: channel.sender for name, channel in sorted(messaging.channels.items())},
        "language": messaging.language.default,
        "urls": {"unsubscribe": urls.unsubscribe, "preferences": urls.preferences, "view": urls.view},
        "timezone": config.timezone,
    }
    return Edition(template.name, _text(dict(template.texts)), _text(setting))


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _messaging(setting: Mapping[str, Any]) -> Messaging:
    channels = {name: Channel(name, path_of(name), sender) for name, sender in setting["channels"].items()}
    return Messaging(channels=channels, language=Language(default=setting["language"]), urls=Urls(**setting["urls"]))


def stage_editions(engine: "Engine", editions: Iterable[Edition]) -> None:
    """Make `run_edition(edition, template, texts, setting)`, of which files are written and which the commit keeps."""
    rows = [(one.id, one.template, one.texts, one.setting) for one in editions]
    engine.execute(_STAGE, [[row[number] for row in rows] for number in range(4)])


_STAGE = """
    CREATE OR REPLACE TEMP TABLE run_edition AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS edition, unnest(CAST(? AS VARCHAR[])) AS template, unnest(CAST(? AS VARCHAR[])) AS texts,
        unnest(CAST(? AS VARCHAR[])) AS setting
"""
