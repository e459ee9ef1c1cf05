"""What definitions rest on, as hashes: where one differs from the last run's, the definition means or gives something else."""

import hashlib
from collections.abc import Iterable, Sequence

from engage_cli.definitions.conditions import named_audiences
from engage_cli.definitions.printing import print_audience, print_trait
from engage_cli.definitions.project import Project
from engage_cli.plan.predicates import Plan
from engage_cli.records import replace
from engage_cli.service.imported import declared_sources


def definition_hash(project: Project, plan: Plan) -> str:
    """md5 over all that an audience's meaning and outputs rest on but the data: itself, those it names, the project's settings.

    Comments, descriptions and layout are not among it.
    """
    [name] = plan.asked
    parts = [print_audience(replace(project.audiences[one], description="")) for one in _with_named(project, name)]
    parts += _traits(project, plan.traits)
    return _hash(project, parts, project.audiences[name].sync)


def trait_hash(project: Project, name: str, plan: Plan) -> str:
    """The same of a computed trait; the plan is of it alone, and of what it is computed of."""
    sync = project.traits[name].sync
    return _hash(project, [name, *_traits(project, plan.traits), *sync], sync)


def _traits(project: Project, names: Iterable[str]) -> list[str]:
    """Computed traits without what says nothing of their values."""
    return [print_trait(replace(project.traits[one], description="", sync=())) for one in sorted(names)]


def _hash(project: Project, parts: Sequence[str], sync: Sequence[str]) -> str:
    config = project.config
    sources = [
        (kind, source.path, sorted(source.columns.items()), source.timezone, *(("segment",) if source.segment else ()))
        for kind in ("events", "profiles", "accounts", "memberships", "consents")
        for source in getattr(declared_sources(config), kind)
    ]
    destinations = [one.meaning for one in config.destinations.values() if one.name in sync]
    identity = [config.sources.identity.meaning] if config.sources.identity is not None else []
    entities = [entity.meaning for entity in sorted(config.sources.entities, key=lambda entity: entity.name)]
    without = [config.sources.forgotten.digest] if config.sources.forgotten.digest else []
    text = "\x1e".join([*parts, config.project, config.timezone, repr(sources), repr(sorted(destinations)), *identity, *entities, *without])
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _with_named(project: Project, name: str) -> list[str]:
    """The audience and all that it names, however deep, in the order met."""
    found = [name]
    for one in found:
        found += [other for other in named_audiences(project.audiences[one].members) if other not in found]
    return list(dict.fromkeys(found))
