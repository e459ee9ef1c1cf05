"""Language tags as files and settings write them: `fr`, `pt-BR`, `zh-Hant`."""

import re

_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{2}|[A-Za-z]{4}))?")


def language_of(text: str) -> str | None:
    """A tag in its usual spelling (`pt_br` is `pt-BR`), None for what is none. Whether such a language exists is not asked."""
    found = _LANGUAGE.fullmatch(text)
    if found is None:
        return None
    language, rest = found.groups()
    return language if rest is None else f"{language}-{rest.upper() if len(rest) == 2 else rest.title()}"
