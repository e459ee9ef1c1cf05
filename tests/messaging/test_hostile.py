"""Values are data: whatever somebody's trait holds, it becomes neither template code, nor HTML, nor a header, nor a huge message."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.messaging.limits import BUDGET
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.renderer import Renderer
from engage_cli.source import InvalidError
from tests.messaging.support import html, message, refused, templates_of, text

PAGE = """\
---
subject: "For {{ profile.x }}"
preheader: "{{ profile.x }}"
---
<html><head><title>{{ profile.x }}</title><style>p { color: red }</style></head>
<body><!-- {{ profile.x }} --><p title="{{ profile.x }}" style="width: {{ profile.x }}">{{ profile.x }}</p>
<a href='https://a.example/?q={{ profile.x }}'>{{ profile.x | upper }}</a><img alt={{ profile.x }} src="x">
{% set y = profile.x ~ "!" %}{{ y }}{% for z in [profile.x] %}{{ z }}{% endfor %}</body></html>
"""


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, *(name for name, _ in attrs)))


def elements(page: str) -> list[tuple[str, ...]]:
    parser = _Elements()
    parser.feed(page)
    parser.close()
    return parser.seen


_HOSTILE = st.lists(
    st.sampled_from([*"<>\"'&/=; -!`{}%#abc()\\\u00e9\u202e\ue000\ue001", "script", "-->", "</p>", "onload=", "{{", "{%"]),
    min_size=1,
    max_size=20,
).map("".join)


@pytest.fixture(scope="module")
def page() -> Renderer:
    return templates_of(m__html=PAGE)["m"].compile("email")


@given(value=_HOSTILE)
def test_no_value_makes_an_element_or_an_attribute(page: Renderer, value: str) -> None:
    plain = page.render({"profile": {"x": "word"}})
    rendered = page.render({"profile": {"x": value}})
    assert elements(rendered.html or "") == elements(plain.html or "")
    assert rendered.subject == f"For {value}".strip(" ")
    assert value.strip() in rendered.text


@pytest.mark.parametrize(
    "value", ["{{ 7 * 7 }}", "{% for x in range(9) %}x{% endfor %}", "{{ profile.__class__ }}", "{# x #}", "\ue0000\ue001"]
)
def test_a_value_is_never_template_code(value: str) -> None:
    assert text("{{ profile.x }}", profile={"x": value}) == value
    assert text("{{ profile.x | default(profile.y) }}", profile={"y": value}) == value


@pytest.mark.parametrize("value", ["x\nBcc: eve@evil.example", "x\r\nBcc: y", "x\rBcc: y", "x\x00y", "x\u2028y"])
@pytest.mark.parametrize("header", ["subject", "from", "reply_to"])
def test_a_line_break_ends_no_header(header: str, value: str) -> None:
    front = {"subject": "Hi {{ profile.x }}", "from": "{{ profile.x }} <a@acme.example>", "reply_to": "{{ profile.x }}"}[header]
    with pytest.raises(RenderError) as caught:
        message(f'---\n{header}: "{front}"\n---\n<p>x</p>', profile={"x": value})
    assert caught.value.code == "header"
    assert "eve" not in caught.value.message


@pytest.mark.parametrize("value", ["Eve <eve@evil.example>", "eve@evil.example, Ana", 'Ana" <eve@evil.example>', "Team: eve"])
def test_a_name_is_no_address(value: str) -> None:
    with pytest.raises(RenderError) as caught:
        message('---\nfrom: "{{ profile.x }} <a@acme.example>"\n---\n<p>x</p>', profile={"x": value})
    assert caught.value.code == "address"


# ---- the sandbox ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "{{ profile.__class__.__mro__ | default('nothing') }}",
        "{{ profile['__class__'] | default('nothing') }}",
        "{{ profile.get | default('nothing') }}",
        "{{ profile.update | default('nothing') }}",
    ],
)
def test_of_an_object_only_its_values_are_reached(body: str) -> None:
    assert text(body, profile={"x": 1}) == "nothing"


@pytest.mark.parametrize(
    "body",
    [
        "{{ profile.x.__class__ }}",
        "{{ profile.x.format('a') }}",
        "{{ profile.x.encode() }}",
        "{{ ''['__class__'] }}",
        "{{ profile.x | attr('__class__') }}",
        "{{ profile.list.append(1) }}",
        "{{ range.__globals__ }}",
        "{{ loop }}{% for a in [1] %}{{ loop._iterable }}{% endfor %}",
        "{% set ns = namespace() %}{{ ns.__init__ }}",
        "{{ self.__init__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum() }}",
        "{{ dict(a=1) }}",
        "{{ profile.x | map('attr', '__class__') | list }}",
        "{{ 'a %s' % profile.x }}",
        "{{ profile.x() }}",
    ],
)
def test_nothing_else_is_reached(body: str) -> None:
    with pytest.raises((RenderError, InvalidError)):
        text(body, profile={"x": "ana", "list": [1]})


@pytest.mark.parametrize(
    "body",
    ["{{ profile.x | safe }}", "{% autoescape false %}{{ profile.x }}{% endautoescape %}", "{{ x | tojson }}", "{% import 'os' as os %}"],
)
def test_there_is_no_way_around_escaping(body: str) -> None:
    with pytest.raises(InvalidError):
        html(f"<p>{body}</p>", profile={"x": "<b>"})


# ---- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% for a in range(90000) %}{% for b in range(2) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 99999999 }}",
        "{{ 99999999 * 'x' }}",
        "{{ [1] * 99999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% set ns = namespace(s='xxxxxxxxxx') %}{% for a in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s='xxxxxxxxxx') %}{% for a in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s=[1]) %}{% for a in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s | length }}",
        "{% set ns = namespace(s='x') %}{% for a in range(40) %}{% set t %}{{ ns.s }}{{ ns.s }}{% endset %}{% set ns.s = t %}{% endfor %}{{ ns.s }}",
        "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{{ ('x' * 900000) | replace('x', 'y' * 900000) }}",
        "{% for a in range(99) %}{{ 'x' * 99999 }}{% endfor %}",
    ],
)
def test_no_template_runs_away(body: str) -> None:
    assert refused(body).code == "too-large"


def test_a_large_list_is_well_within_the_limits() -> None:
    said = text("{% for one in context.rows %}{{ one.a }},{% endfor %}", context={"rows": [{"a": at} for at in range(20_000)]})
    assert said.startswith("0,1,2,") and said.endswith("19999,")
    assert BUDGET == 5_000_000


def test_the_budget_is_of_one_rendering() -> None:
    renderer = templates_of(m__txt="{% for a in range(60000) %}x{% endfor %}")["m"].compile("sms")
    assert {renderer.render({}).text.count("x") for _ in range(3)} == {60_000}
