"""The Python of templates: what is written out in it in place of being called gives what Jinja's own code gives."""

from typing import Any

import pytest
from jinja2.compiler import CodeGenerator

from engage_cli.messaging.environment import Sandbox
from engage_cli.messaging.formats import Formats
from engage_cli.messaging.limits import Budget
from engage_cli.messaging.problems import RenderError
from tests.messaging.support import html, text

VALUES: list[Any] = ["Ana", "<b> & 'c'", "", None, 0, 7, 0.0, -0.0, 2.0, 1.5, 1e20, True, False, [], ["a<"], {}, {"v": "x>"}, {"v": 0}]
BODIES = [
    "{{ profile.v }}",
    '{{ profile["v"] | default("none") }}',
    '{{ profile.v.v | default("none") }} {{ profile.v["v"] | default("none") }}',
    "{% if profile.v %}yes{% elif profile.v == 0 %}zero{% else %}no{% endif %}",
    "{% macro said(x) %}<i>{{ x }}</i>{% endmacro %}{{ said(profile.v) }}",
    "{% set one = profile.v %}{% set two %}<u>{{ one }}</u>{% endset %}{{ two }}{{ {'v': one}.v }}",
    "{% for one in [profile, {'v': 'y'}] %}{{ loop.index }}{{ one.v }}{{ one['v'] }};{% endfor %}",
    "{{ profile.v ~ profile.v | upper }}",
]


class _Plain(Sandbox):
    """The sandbox with Jinja's own code."""

    code_generator_class = CodeGenerator


def _expected(body: str, value: Any, *, autoescape: bool) -> str | None:
    try:
        return _Plain(Formats(), Budget(), autoescape=autoescape).from_string(body).render(profile={"v": value}).strip()
    except (RenderError, TypeError):
        return None


@pytest.mark.parametrize("body", BODIES)
def test_it_writes_what_jinjas_own_code_writes(body: str) -> None:
    for value in VALUES:
        for render in (html, text):
            try:
                said = render(f"<html><body>{body}</body></html>" if render is html else body, profile={"v": value}).strip()
            except RenderError:
                said = None
            assert said == _expected(body, value, autoescape=render is html), f"{body} of {value!r}"
