"""What templates write: values, missing ones, formats, layouts, languages."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engage_cli.messaging.problems import RenderError
from engage_cli.source import InvalidError
from tests.messaging.support import html, message, refused, templates_of, text

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ profile.name }}", "Ana"),
        ("{{ profile.n }}", "12"),
        ("{{ profile.flag }}", "true"),
        ("{{ profile.list | join(', ') }}", "a, b"),
        ("{{ profile.list[0] }}{{ profile.list[2] | default('?') }}", "a?"),
        ("{{ profile.deep.x.y }}", "z"),
        ("{{ profile['deep']['x'].y }}", "z"),
        ("{{ profile.items }}", "a trait, no method"),
        ("{{ profile.nothing | default('friend') }}", "friend"),
        ("{{ profile.empty | default('friend') }}", "friend"),
        ("{{ profile.null | default('friend') }}", "friend"),
        ("{{ profile.nothing.at.all | default('friend') }}", "friend"),
        ("{% if profile.nothing %}a{% else %}b{% endif %}", "b"),
        ("{% if profile.nothing > 5 or profile.nothing < 5 or profile.nothing == 5 or 5 in profile.nothing %}a{% else %}b{% endif %}", "b"),
        ("{% if profile.nothing == profile.null %}a{% else %}b{% endif %}", "b"),
        ("{{ profile.nothing or profile.name }}", "Ana"),
        ("{{ 'x' if profile.nothing else 'y' }}", "y"),
        ("{{ profile.name.upper() }} {{ profile.name[:1] }}", "ANA A"),
        ("{% for one in profile.list %}{{ loop.index }}{{ one }}{% if not loop.last %}, {% endif %}{% endfor %}", "1a, 2b"),
        ("{% for key, value in profile.deep.x | dictsort %}{{ key }}={{ value }}{% endfor %}", "y=z"),
        ("{% set ns = namespace(n=0) %}{% for one in profile.list %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "2"),
        ("{% macro hi(x) %}Hi {{ x }}{% endmacro %}{{ hi(profile.name) }}", "Hi Ana"),
        ("{{ '{{' }} {% raw %}{{ x }}{% endraw %}", "{{ {{ x }}"),
        ("{{ 'https://a.example/?b=1&c=2#d' | with_query(b='x y', e=profile.nothing, f=3.0) }}", "https://a.example/?c=2&b=x+y&f=3#d"),
        ("{{ profile.name | replace('A', 'B') }}", "Bna"),
        ("{{ language }}", "en"),
    ],
)
def test_values(body: str, expected: str) -> None:
    profile = {
        "name": "Ana", "n": 12.0, "flag": True, "list": ["a", "b"], "deep": {"x": {"y": "z"}}, "items": "a trait, no method",
        "empty": "", "null": None,
    }  # fmt: skip
    assert text(body, profile=profile) == expected


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("{{ profile.name }}", "missing", "`name` is missing, and has no `default`"),
        ("{{ profile.a.b }}", "missing", "`a.b` is missing"),
        ("{% for one in profile.list %}x{% endfor %}", "missing", "`list` is missing"),
        ("{{ profile.name | upper }}", "missing", "`name` is missing"),
        ("{{ profile.n + 1 }}", "missing", "`n` is missing"),
        ("{{ unsubscribe_url }}", "missing", "`unsubscribe_url` is missing"),
        ("{{ context.deep }}", "value", "an object is no text"),
        ("{{ context.list }}", "value", "a list is no text"),
        ("{% for c in context.word %}x{% endfor %}", "value", "a loop goes over a list"),
        ("{{ context.word | number }}", "value", "`'hello'` is no number"),
        ("{{ context.word | date }}", "value", "`'hello'` is no date"),
        ("{{ 5 | money('gbp') }}", "value", "is no currency"),
        ("{{ 1 / 0 }}", "value", "a number is divided by zero"),
        ("{{ context.word + 1 }}", "value", "TypeError"),
    ],
)
def test_what_cannot_be_written_says_why(body: str, code: str, said: str) -> None:
    error = refused(body, context={"deep": {"x": 1}, "list": [1], "word": "hello"})
    assert error.code == code
    assert said in error.message
    assert error.place == "campaigns/templates/m.txt:1"


def test_the_place_is_that_of_the_file() -> None:
    files = {
        "layouts___a__html": "<html>\n<body>{% block content %}{% endblock %}\n{{ profile.a }}</body></html>",
        "partials___b__html": "<p>\n\n{{ profile.b }}</p>",
        "m__html": '---\nsubject: "{{ profile.s }}"\n---\n{% extends "layouts/a.html" %}\n{% block content %}\n{% include "partials/b.html" %}\n'
        "<p>{{ profile.m }}</p>{% endblock %}",
    }  # fmt: skip
    renderer = templates_of(**files)["m"].compile("email")
    profile: dict[str, str] = {}
    places = []
    for name in ("s", "b", "m", "a"):
        with pytest.raises(RenderError) as caught:
            renderer.render({"profile": profile})
        places.append((caught.value.message.split("`")[1], caught.value.place))
        profile[name] = "x"
    assert places == [
        ("s", "campaigns/templates/m.html:2"),
        ("b", "campaigns/templates/partials/b.html:3"),
        ("m", "campaigns/templates/m.html:7"),
        ("a", "campaigns/templates/layouts/a.html:3"),
    ]
    assert renderer.render({"profile": profile}).subject == "x"


# ---- formats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "english", "german", "french"),
    [
        ("1234567.5 | number", "1,234,567.5", "1.234.567,5", "1 234 567,5"),
        ("'3408.0' | number(digits=0)", "3,408", "3.408", "3 408"),
        ("0.256 | percent", "26%", "26 %", "26 %"),
        ("0.256 | percent(digits=1)", "25.6%", "25,6 %", "25,6 %"),
        ("12.5 | money('GBP')", "£12.50", "12,50 £", "12,50 £GB"),
        ("1234 | money('JPY')", "JP¥1,234", "1.234 ¥", "1 234 JPY"),
        ("99.9 | money('EUR', digits=0)", "€100", "100 €", "100 €"),
        ("'2026-11-05' | date", "5 Nov 2026", "05.11.2026", "5 nov. 2026"),
        ("'2026-11-05' | date('EEEE d MMMM')", "Thursday 5 November", "Donnerstag 5 November", "jeudi 5 novembre"),
        ("'2026-11-05T22:30:00Z' | datetime('short')", "05/11/2026, 23:30", "05.11.26, 23:30", "05/11/2026 23:30"),
        ("'2026-11-05T22:30:00Z' | time", "23:30", "23:30", "23:30"),
        ("'2026-11-05' | datetime('long')", "5 November 2026", "5. November 2026", "5 novembre 2026"),
        ("'2026-11-26T10:00:00Z' | relative", "in 3 days", "in 3 Tagen", "dans 3 jours"),
        ("1 | plural(one='day', other='days')", "day", "day", "day"),
        ("0 | plural(one='day', other='days')", "days", "days", "day"),
        ("['a', 'b', 'c'] | listed", "a, b and c", "a, b und c", "a, b et c"),
        ("['a', 'b'] | listed('or')", "a or b", "a oder b", "a ou b"),
        ("'fr' | country", "France", "Frankreich", "France"),
    ],
)  # fmt: skip
def test_formats(expression: str, english: str, german: str, french: str) -> None:
    files = {f"m{end}__txt": "{{ " + expression + " }}" for end in ("", "__de", "__fr")}
    template = templates_of(**files)["m"]
    zone = ZoneInfo("Europe/Berlin")
    said = [template.compile("sms", language).render({}, zone=zone, now=NOW).text for language in ("en-GB", "de", "fr")]
    assert said == [english, german, french]


def test_a_date_is_that_of_the_persons_zone() -> None:
    renderer = templates_of(m__txt="{{ context.at | date('short') }} {{ context.day | date('short') }}")["m"].compile("sms", "en-GB")
    context = {"at": "2026-11-05T23:30:00+00:00", "day": "2026-11-05"}
    assert renderer.render({"context": context}, zone=ZoneInfo("Asia/Tokyo")).text == "06/11/2026 05/11/2026"
    assert renderer.render({"context": context}).text == "05/11/2026 05/11/2026"
    assert renderer.render({"context": {**context, "at": "2026-07-05T23:30:00"}}, zone=ZoneInfo("UTC")).text == "05/07/2026 05/11/2026"


def test_constants_are_not_written_once_for_all() -> None:
    renderer = templates_of(m__txt="{{ '2026-11-05T22:30:00Z' | time }}")["m"].compile("sms", "en-GB")
    said = [renderer.render({}, zone=ZoneInfo(zone)).text for zone in ("UTC", "Asia/Tokyo")]
    assert said == ["22:30", "07:30"]


def test_unusual_spaces_do_not_make_a_text_message_dear() -> None:
    assert text("{{ 12.5 | money('EUR') }}") == "€12.50"
    assert templates_of(m__fr__txt="{{ 1234.5 | money('EUR') }}")["m"].compile("sms", "fr").render({}).text == "1 234,50 €"
    body = "<html><body><p>{{ 1234.5 | money('EUR') }}</p></body></html>"
    assert "1\u202f234,50\u00a0€" in (templates_of(m__fr__html=body)["m"].compile("email", "fr").render({}).html or "")


# ---- languages -----------------------------------------------------------------------------------------------------

LANGUAGES = {
    "layouts___a__html": "<html lang='{{ language }}'><body>{% block content %}{% endblock %}{% include 'partials/b.html' %}</body></html>",
    "partials___b__html": "<p>bye</p>",
    "partials___b__fr__html": "<p>adieu</p>",
    "m__html": "{% extends 'layouts/a.html' %}{% block content %}<p>hi {{ 1.5 | number }}</p>{% endblock %}",
    "m__fr__html": "{% extends 'layouts/a.html' %}{% block content %}<p>salut {{ 1.5 | number }}</p>{% endblock %}",
    "m__pt_br__html": "{% extends 'layouts/a.html' %}{% block content %}<p>oi {{ 1.5 | number }}</p>{% endblock %}",
}


@pytest.mark.parametrize(
    ("language", "written", "expected"),
    [
        (None, "en", "hi 1.5\n\nbye"),
        ("en", "en", "hi 1.5\n\nbye"),
        ("fr", "fr", "salut 1,5\n\nadieu"),
        ("fr-CA", "fr", "salut 1,5\n\nadieu"),
        ("pt-BR", "pt-BR", "oi 1,5\n\nbye"),
        ("pt", "en", "hi 1.5\n\nbye"),
        ("de", "en", "hi 1.5\n\nbye"),
        ("tlh", "en", "hi 1.5\n\nbye"),
    ],
)
def test_the_language_of_a_person(language: str | None, written: str, expected: str) -> None:
    template = templates_of(**LANGUAGES)["m"]
    assert template.language_for(language) == written
    rendered = template.compile("email", language).render({})
    assert rendered.text == expected
    assert f'lang="{written}"' in (rendered.html or "")


def test_a_template_compiles_once() -> None:
    template = templates_of(**LANGUAGES)["m"]
    assert template.compile("email", "fr") is template.compile("email", "fr")


# ---- channels ------------------------------------------------------------------------------------------------------


def test_the_text_of_an_email() -> None:
    front = "---\nsubject: S\ntext: 'own {{ profile.x }}'\n---\n"
    assert templates_of(m__html=front + "<p>h</p>")["m"].compile("email").render({"profile": {"x": "y"}}).text == "own y"
    assert templates_of(m__html="<p>h</p>", m__txt="beside")["m"].compile("email").render({}).text == "beside"
    assert templates_of(m__html="<p>h</p>")["m"].compile("email").render({}).text == "h"


def test_headers_and_preheader() -> None:
    front = '---\nsubject: "Hi {{ profile.x }}"\nfrom: "{{ profile.x }} via Acme <a@acme.example>"\nreply_to: r@acme.example\npreheader: "Look, {{ profile.x }}"\n---\n'
    rendered = message(front + "<html><body><p>{{ subject }}</p></body></html>", profile={"x": "Ana & Co"})
    assert (rendered.subject, rendered.sender, rendered.reply_to) == ("Hi Ana & Co", "Ana & Co via Acme <a@acme.example>", "r@acme.example")
    assert rendered.html is not None and ">Look, Ana &amp; Co</div><p>Hi Ana &amp; Co</p>" in rendered.html
    assert rendered.text == "Hi Ana & Co"
    assert message("<p>x</p>").sender == "Acme <hello@acme.example>"


def test_a_channel_that_a_template_has_no_text_for() -> None:
    template = templates_of(m__html="<p>x</p>")["m"]
    assert (template.takes("email"), template.takes("push")) == (True, False)
    with pytest.raises(InvalidError) as caught:
        template.compile("push")
    [issue] = caught.value.issues
    assert (issue.code, issue.hint) == ("no-text", "write m.txt: push takes plain text")


# ---- layouts -------------------------------------------------------------------------------------------------------


def test_blocks_super_and_includes() -> None:
    files = {
        "layouts___a__html": "<body><h1>{% block title %}A{% endblock %}</h1>{% block content %}<p>base</p>{% endblock %}</body>",
        "layouts___b__html": "{% extends 'layouts/a.html' %}{% block title %}B {{ super() }}{% endblock %}",
        "partials___p__html": "<i>{{ label }}</i>{% set label = 'inner' %}",
        "m__html": "{% extends 'layouts/b.html' %}{% set label = 'outer' %}{% block title %}{{ super() }} M{% endblock %}"
        "{% block content %}{{ super() }}{% include ['partials/none.html', 'partials/p.html'] %}{% include 'no' ignore missing %}<b>{{ label }}</b>{% endblock %}",
    }  # fmt: skip
    rendered = templates_of(**files)["m"].compile("email").render({})
    assert "<body><h1>B A M</h1><p>base</p><i>outer</i><b>outer</b></body>" in (rendered.html or "")


def test_macros_of_other_files() -> None:
    files = {
        "partials___ui__html": "{% macro em(x) %}<b class='k'>{{ x }}</b>{% endmacro %}{% macro twice(x) %}{{ em(x) }}{{ em(x) }}{% endmacro %}",
        "m__html": "{% from 'partials/ui.html' import twice as two, em %}<html><head><style>.k { color: red }</style></head>"
        "<body><p>{{ two(profile.x) }} {{ em('y') }}</p></body></html>",
    }  # fmt: skip
    rendered = templates_of(**files)["m"].compile("email").render({"profile": {"x": "<"}})
    one = '<b class="k" style="color: red;">{}</b>'
    assert f"<p>{one.format('&lt;') * 2} {one.format('y')}</p>" in (rendered.html or "")
    assert rendered.text == "<< y"


def test_whitespace_of_statements_on_lines_of_their_own_is_none() -> None:
    assert text("a\n{% if true %}\nb\n{% endif %}\nc\n") == "a\nb\nc"


def test_html_keeps_its_structure() -> None:
    rows = "<table>{% for row in context.rows %}<tr><td class='{{ row.c }}'>{{ row.x }}</td></tr>{% else %}<tr><td>none</td></tr>{% endfor %}</table>"
    assert html(rows, context={"rows": [{"x": 1, "c": "a b"}, {"x": "<", "c": '"'}]}) == (
        '<table><tbody><tr><td class="a b">1</td></tr><tr><td class="&#34;">&lt;</td></tr></tbody></table>'
    )
    assert html(rows, context={"rows": []}) == "<table><tbody><tr><td>none</td></tr></tbody></table>"
