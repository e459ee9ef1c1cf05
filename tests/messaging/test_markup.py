"""HTML is worked on once for all messages, and what it stands for does not change; where it would, the template is refused."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from engage_cli.definitions.excerpts import render_issue
from engage_cli.source import InvalidError
from tests.messaging.support import html, message, templates_of, texts_of


def told(body: str, kind: str = "html", **files: str) -> str:
    texts = {f"m__{kind}": body, **files}
    with pytest.raises(InvalidError) as caught:
        templates_of(**texts)["m"].compile("email")
    return "\n".join(line for issue in caught.value.issues for line in render_issue(issue, texts_of(**texts)))


def test_styles_are_inlined_into_what_is_repeated() -> None:
    page = (
        "<html><head><style>li.k { color: red } a:hover { color: blue } @media print { p { color: green } }</style></head><body>"
        "<ul>{% for x in context.xs %}<li class='k'>{{ x }}</li>{% endfor %}</ul></body></html>"
    )
    rendered = message(page, context={"xs": [1, 2]}).html or ""
    assert '<li class="k" style="color: red;">1</li><li class="k" style="color: red;">2</li>' in rendered
    styles = re.search(r"<style>(.*)</style>", rendered, re.DOTALL)
    assert styles is not None
    assert "a:hover" in styles[1] and "@media print" in styles[1] and "li.k" not in styles[1]


def test_what_is_for_outlook_stays() -> None:
    page = "<body><!--[if mso]><table><tr><td>{{ profile.x }}</td></tr></table><![endif]--><p>{{ profile.x }}</p></body>"
    assert "<!--[if mso]><table><tr><td>&lt;</td></tr></table><![endif]--><p>&lt;</p>" in html(page, profile={"x": "<"})


def test_nothing_is_loaded() -> None:
    page = '<html><head><link rel="stylesheet" href="https://nowhere.invalid/a.css"><style>@import url("file:///etc/passwd");</style></head><body><p>x</p></body></html>'
    rendered = message(page).html or ""
    assert 'href="https://nowhere.invalid/a.css"' in rendered
    assert "root:" not in rendered


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p {% if profile.x %}class='a'{% endif %}>x</p>", "m.html:1:4: error[in-tag]: Jinja cannot stand between the attributes"),
        ("<p>\n<{{ profile.x }}></p>", "error[in-tag]"),
        ("<style>p { color: {{ profile.x }} }</style>", "error[in-styles]: values cannot stand in `style` or `script`"),
        ("<script>{{ profile.x }}</script>", "error[in-styles]"),
        ("{% if profile.x %}<div class='a'>{% else %}\n<div class='b'>{% endif %}x</div>", "error[crossed]: this begins in one element and ends in another"),
        ("<div>{% for x in profile.x %}</div><div>{% endfor %}</div>", "error[crossed]"),
        ("<div><table><div>x</div><tr><td>y</td></tr></table></div>", "error[html]: `<table>` stands where HTML has none, and a mail program would move it"),
        ("<table>x{{ profile.x }}<tr><td>y</td></tr></table>", ""),
        ("<p>\ue000</p>", "error[character]"),
    ],
)  # fmt: skip
def test_what_would_change_is_refused(body: str, expected: str) -> None:
    if expected:
        assert expected in told(body)
    else:
        assert html(body, profile={"x": "z"}).count("z") == 1


def test_a_mistake_in_a_part_has_its_place() -> None:
    said = told("<body>\n{% include 'partials/p.html' %}</body>", partials___p__html="<p>\n<b {{ x }}></b></p>")
    assert said.startswith("campaigns/templates/partials/p.html:2:4: error[in-tag]")
    assert "  2 | <b {{ x }}></b></p>" in said


# ---- MJML ----------------------------------------------------------------------------------------------------------

MJML = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"


def test_mjml() -> None:
    body = MJML.format(
        "{% for row in context.rows %}<mj-text color='{{ row.c }}'>{{ row.x }}</mj-text>{% endfor %}"
        "<mj-button href='https://a.example/{{ row }}'>{{ profile.x | default('Go') }}</mj-button>"
    )
    template = templates_of(m__mjml=body)["m"]
    rendered = template.compile("email").render({"context": {"rows": [{"x": "<1>", "c": "red"}, {"x": 2, "c": "#00f"}]}, "row": "r?"})
    assert rendered.html is not None and rendered.html.startswith("<!DOCTYPE html>")
    assert 'color: red;">&lt;1&gt;</div>' in rendered.html.replace("color:red", "color: red")
    assert rendered.text == "<1>\n2\n\nGo (https://a.example/r?)"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<mjml><mj-body>", "m.mjml:1:1: error[mjml]: this is no MJML: unexpected end of stream"),
        ("<p>x</p>", "this is no MJML: unexpected token at `<p>x</p>`"),
        ("<mjml><mj-body><mj-include path='/etc/passwd' /></mj-body></mjml>", "this is no MJML: unable to load included template"),
        (MJML.format("<mj-txt>x</mj-txt>"), "MJML has no element `<mj-txt>`\n  1 |"),
        (MJML.format("<mj-txt>x</mj-txt>"), "hint: did you mean `mj-text`?"),
        ("<mjml><mj-head>{% if profile.x %}<mj-title>x</mj-title>{% endif %}</mj-head><mj-body></mj-body></mjml>", "error[lost]"),
    ],
)
def test_mistakes_of_mjml(body: str, expected: str) -> None:
    assert expected in told(body, "mjml")


# ---- text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>A</h1><p>b\n  c</p><p>d<br>e</p>", "A\n\nb c\n\nd\ne"),
        ("<p>a</p>{% if true %}<p>b</p>{% endif %}<p>c</p>", "a\n\nb\n\nc"),
        ("<p>a</p>{% if false %}<p>b</p>{% endif %}<p>c</p>", "a\n\nc"),
        ("{% if false %}<p>b</p>{% endif %}<p>c</p>", "c"),
        ("<p>a {% if true %}b{% else %}c{% endif %} d</p>", "a b d"),
        ("<p>a{% if false %} b{% endif %}, c</p>", "a, c"),
        ("<ul>{% for x in [1, 2] %}<li>{{ x }}</li>{% endfor %}</ul><p>z</p>", "- 1\n- 2\n\nz"),
        ("<ol><li>a</li><li>b</li></ol>", "- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a b\nc d"),
        ("<p><a href='https://a.example/'>go</a>, <a href='https://a.example/'>https://a.example/</a></p>", "go (https://a.example/), https://a.example/"),
        ("<p><a href='mailto:a@b.example'>a@b.example</a> <a href='#top'>top</a></p>", "a@b.example top"),
        ("<p><a href='https://a.example/?x={{ profile.x }}'><img alt='Logo' src='l.png'></a></p>", "Logo (https://a.example/?x=&amp;)"),
        ("<p style='display:none'>hidden {{ profile.x }}</p><p hidden>too</p><p>seen</p>", "seen"),
        ("<p>&lt;b&gt; &amp; &euro; {{ profile.x }}</p>", "<b> & € &amp;"),
        ("<p>a</p><hr><pre>b\n  c</pre>", "a\n\n---\n\nb\n  c"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("{% set y = 'b' %}<p>a{{ y }}</p>", "ab"),
    ],
)  # fmt: skip
def test_text_is_made_of_html(body: str, expected: str) -> None:
    assert message(f"<html><body>{body}</body></html>", profile={"x": "&amp;"}).text == expected


# ---- the law -------------------------------------------------------------------------------------------------------

_INLINE = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["a", " b ", "{{ n }}", "{{ t }}", "<br>", "&amp;"]),
        st.builds('<b title="{{{{ t }}}}">{}</b>'.format, _CONTENT),
        st.builds("{{% if p %}}{}{{% else %}}{}{{% endif %}}".format, _CONTENT, _CONTENT),
        st.builds("{{% for x in xs %}}{}{{{{ x }}}}{{% endfor %}}".format, _CONTENT),
    )
)
_CONTENT = st.lists(_INLINE, max_size=3).map("".join)


@given(st.lists(st.builds('<div class="k">{}</div>'.format, _CONTENT), max_size=3).map("".join), st.booleans(), st.integers(0, 3))
def test_working_on_a_template_is_working_on_what_it_renders(body: str, holds: bool, rounds: int) -> None:
    """Jinja first and the rest after, as one would do it without care for time, gives the same HTML."""
    import css_inline

    page = f"<html><head><style>.k {{ color: red }} b {{ margin: 0 }}</style></head><body>{body}</body></html>"
    variables = {"n": 5, "t": '<">', "p": holds, "xs": list(range(rounds))}
    plain = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True).from_string(page)
    inliner = css_inline.CSSInliner(keep_style_tags=True, remove_inlined_selectors=True, load_remote_stylesheets=False)
    assert parsed(message(page, **variables).html or "") == parsed(inliner.inline(plain.render(variables)))


class _Events(HTMLParser):
    """A body as a list of what is in it, however its characters are written."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, *attrs))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


def parsed(page: str) -> list[object]:
    events = _Events()
    events.feed(page.partition("<body>")[2])
    events.close()
    return events.seen


def test_a_style_that_differs_stands_in_the_element() -> None:
    page = "<style>div {{ margin: 0 }}</style><div style='{}'>x</div>"
    conditional = page.format("{% if profile.x %}color: red{% endif %}").replace("{{", "{").replace("}}", "}")
    assert '<div style="margin: 0;color: red">x</div>' in (message(conditional, profile={"x": 1}).html or "").replace("red;", "red")
    assert "color" not in (message(conditional, profile={}).html or "")
