"""Hashes of what a run rests on. They identify, they do not protect: md5 as everywhere in engage."""

import hashlib
import json
from collections.abc import Iterable

from engage_cli.engine.base import InputFile


def digest(*parts: object) -> str:
    """The hex md5 of values, told apart from each other whatever they hold."""
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def hash_of_files(inputs: Iterable[InputFile]) -> str:
    """One hash for a set of input files: their kinds, paths and contents, in no order."""
    return digest(*sorted((file.kind, file.path, file.sha256) for file in inputs))
