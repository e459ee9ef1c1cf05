"""`engage check` on templates: what nobody could render, what somebody could not, and what should not be sent."""

import pytest

from engage_cli.definitions.excerpts import render_issue
from engage_cli.definitions.project_files import load_texts
from engage_cli.definitions.template import Phrase
from engage_cli.messaging.checks import Use, check_templates, values_used
from engage_cli.messaging.names import Known
from engage_cli.messaging.template import load_templates
from engage_cli.source import Issue, Severity, Span
from tests.messaging.support import templates_of, texts_of

KNOWN = Known(
    profile=frozenset(("first_name", "plan", "tags")),
    account=frozenset(("name",)),
    always=frozenset(("orders",)),
    urls=frozenset(("unsubscribe", "preferences", "view")),
)
HERE = Span("campaigns/journeys/j.yaml", 3, 5, 3, 9)
SMS = Use("m", "sms", HERE, marketing=False)
EMAIL = Use("m", "email", HERE)


def issues(body: str, *, kind: str = "txt", use: Use | None = SMS, known: Known = KNOWN, **files: str) -> list[Issue]:
    return check_templates(templates_of(**{f"m__{kind}": body}, **files), [use] if use else [], known)


def codes(body: str, **options: object) -> list[str]:
    return [issue.code for issue in issues(body, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        "{{ profile.first_name | default('you') }}",
        "{{ profile.first_name | d('you') | title }}",
        "{{ profile.user_id }}{{ profile.orders }}{{ campaign.name }}{{ unsubscribe_url }}{{ language }}",
        "{{ profile.first_name or 'you' }}",
        "{{ profile.first_name or profile.plan | default('you') }}",
        "{{ profile.first_name if profile.first_name else 'you' }}",
        "{% if profile.first_name %}{{ profile.first_name }}{% endif %}",
        "{% if not profile.first_name %}you{% else %}{{ profile.first_name }}{% endif %}",
        "{% if profile.first_name is defined %}{{ profile.first_name }}{% endif %}",
        "{% if profile.first_name is undefined %}you{% else %}{{ profile.first_name }}{% endif %}",
        "{% if profile.plan == 'pro' and profile.first_name %}{{ profile.first_name }} {{ profile.plan }}{% endif %}",
        "{% if profile.plan != 'pro' %}no{% else %}{{ profile.plan }}{% endif %}",
        "{% if 3 < profile.plan %}{{ profile.plan }}{% endif %}",
        "{% if not profile.plan or profile.plan | lower == 'free' %}x{% endif %}",
        "{% if profile.plan and profile.plan | lower == 'free' %}x{% elif profile.first_name %}{{ profile.first_name }}{% endif %}",
        "{% if profile.plan > 3 or profile.nothing_known %}x{% endif %}".replace(" or profile.nothing_known", ""),
        "{% set name = profile.first_name | default('you') %}{{ name }}",
        "{% set name = profile.first_name %}{{ name | default('you') }}",
        "{% if profile.plan %}{% set p = profile.plan %}{% else %}{% set p = 'free' %}{% endif %}{{ p }}",
        "{% for tag in profile.tags | default([]) %}{{ tag }}{{ loop.index }}{% else %}none{% endfor %}",
        "{% if context.entry.products %}{% for p in context.entry.products %}{{ p.name | default('?') }}{% if p.sku %}{{ p.sku }}{% endif %}{% endfor %}{% endif %}",
        "{% if context.entry.cart.total %}{{ context.entry.cart.total }}{% for x in context.entry.cart | dictsort %}{% endfor %}{% endif %}",
        "{% macro hi(x, y='z') %}{{ x }}{{ y }}{% endmacro %}{{ hi(profile.first_name | default('you')) }}",
        "{% with x = profile.plan | default('free') %}{{ x }}{% endwith %}",
        "{{ 'https://a.example' | with_query(a=profile.plan) }}",
        "{% for n in range(3) %}{{ n }}{% endfor %}{% set ns = namespace(a=1) %}{{ ns.a }}",
        "{% filter upper %}x{% endfilter %}{% set y | trim %} x {% endset %}{{ y }}",
    ],
)
def test_what_is_sound(body: str) -> None:
    assert codes(body) == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("{{ profile.first_name }}", "profile.first_name"),
        ("{{ profile['first_name'] }}", "profile.first_name"),
        ("{{ profile.first_name | title }}", "profile.first_name"),
        ("{{ profile.first_name | title | default('x') }}", "profile.first_name"),
        ("{{ profile.first_name | default(profile.plan) }}", "profile.plan"),
        ("{{ profile.first_name or profile.plan }}", "profile.plan"),
        ("{{ profile.first_name and 'x' }}", "profile.first_name"),
        ("{{ 'x' if profile.plan else profile.first_name }}", "profile.first_name"),
        ("{{ profile.first_name ~ '!' }}", "profile.first_name"),
        ("{{ profile.orders + profile.plan }}", "profile.plan"),
        ("{% if profile.plan %}{{ profile.first_name }}{% endif %}", "profile.first_name"),
        ("{% if profile.plan %}x{% else %}{{ profile.plan }}{% endif %}", "profile.plan"),
        ("{% if profile.plan or profile.first_name %}{{ profile.plan }}{% endif %}", "profile.plan"),
        ("{% if profile.plan != 'x' %}{{ profile.plan }}{% endif %}", "profile.plan"),
        ("{% if profile.plan is none %}{{ profile.plan }}{% endif %}", "profile.plan"),
        ("{% if profile.plan | lower == 'x' %}{% endif %}", "profile.plan"),
        ("{% for tag in profile.tags %}x{% endfor %}", "profile.tags"),
        ("{% for p in context.entry.products | default([]) %}{{ p.name }}{% endfor %}", "context.entry.products[].name"),
        ("{% for p in context.entry.products | default([]) | sort(attribute='a') %}{{ p.name }}{% endfor %}", "context.entry.products[].name"),
        ("{{ context.entry.products | default([]) | first }}", "context.entry.products(first)"),
        ("{{ context.entry.cart_id }}", "context.entry.cart_id"),
        ("{{ context.entry.list[0] }}", "context.entry.list[0]"),
        ("{{ account.name }}", "account.name"),
        ("{{ campaign.variant }}", "campaign.variant"),
        ("{% set name = profile.first_name %}{{ name }}", "profile.first_name"),
        ("{% if profile.plan %}{% set p = profile.plan %}{% endif %}{{ p }}", "profile.plan"),
        ("{% with x = profile.plan %}{{ x }}{% endwith %}", "profile.plan"),
        ("{% macro hi(x) %}{{ x }}{% endmacro %}{{ hi(profile.plan) }}", "profile.plan"),
        ("{{ profile.plan.upper() }}", "profile.plan"),
        ("{{ profile.plan[:2] }}", "profile.plan"),
        ("{{ [profile.plan] | join }}", "profile.plan"),
        ("{{ profile.plan is even }}", "profile.plan"),
    ],
)  # fmt: skip
def test_what_may_be_missing(body: str, path: str) -> None:
    [issue] = issues(body)
    assert issue.code == "missing-default"
    assert issue.message == f"`{path}` may be missing, and has no `default`"
    assert issue.severity is Severity.ERROR


def shown(body: str, **options: object) -> str:
    found = issues(body, **options)  # type: ignore[arg-type]
    texts = texts_of(m__txt=body)
    return "\n".join(line for issue in found for line in render_issue(issue, texts))


def test_mistakes_have_their_line_and_the_nearest_name() -> None:
    body = "---\nsubject: \"{{ profil.x | default('') }}\"\n---\nHi {{ profile.frist_name | default('') }},\n\n{% if unsubscrib_url %}{{ 1 | mony('GBP') }}{% endif %}\n{{ campaign.nam }}"
    assert shown(body) == (
        "campaigns/templates/m.txt:2:14: error[unknown-name]: a template sees no `profil`\n"
        "  2 | subject: \"{{ profil.x | default('') }}\"\n"
        "    |              ^^^^^^\n"
        "  hint: did you mean `profile`?\n"
        "campaigns/templates/m.txt:4:7: warning[unknown-trait]: no profile has a trait `frist_name`\n"
        "  4 | Hi {{ profile.frist_name | default('') }},\n"
        "    |       ^^^^^^^^^^^^^^^^^^\n"
        "  hint: did you mean `first_name`?\n"
        "campaigns/templates/m.txt:6:7: error[unknown-name]: a template sees no `unsubscrib_url`\n"
        "  6 | {% if unsubscrib_url %}{{ 1 | mony('GBP') }}{% endif %}\n"
        "    |       ^^^^^^^^^^^^^^\n"
        "  hint: did you mean `unsubscribe_url`?\n"
        "campaigns/templates/m.txt:6:31: error[unknown-filter]: there is no filter `mony`\n"
        "  6 | {% if unsubscrib_url %}{{ 1 | mony('GBP') }}{% endif %}\n"
        "    |                               ^^^^\n"
        "  hint: did you mean `money`?\n"
        "campaigns/templates/m.txt:7:4: error[unknown-name]: `campaign` has no `nam`\n"
        "  7 | {{ campaign.nam }}\n"
        "    |    ^^^^^^^^^^^^\n"
        "  hint: did you mean `name`?"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a\n{% if x %}", "m.txt:2:1: error[template-syntax]: unexpected end of template"),
        ("a\n{{ x", "m.txt:2:1: error[template-syntax]"),
        ("{% foo %}", "error[template-syntax]: encountered unknown tag `foo`"),
        ("{{ profile }}", "error[object]: `profile` is an object"),
        ("{{ profile.plan | safe }}", "error[unknown-filter]: there is no filter `safe`"),
        ("{{ 1 is odder }}", "error[unknown-test]: there is no test `odder`"),
        ("{% include 'partials/x.txt' %}", "error[unknown-template]: there is no part of templates `partials/x.txt`"),
        ("{% include profile.plan %}", "error[include]: what `include` names is text, and not a value"),
        ("{% import 'partials/x.txt' as x %}", "error[import]"),
        ("{% autoescape false %}x{% endautoescape %}", "error[autoescape]: escaping cannot be turned off"),
        ("{% for x in [1] recursive %}{% endfor %}", "error[recursive]"),
        ("{{ super() }}", "error[super]"),
    ],
)
def test_mistakes(body: str, expected: str) -> None:
    assert expected in shown(body)


def test_a_circle_of_parts_is_shown() -> None:
    files = {"partials___a__txt": "{% include 'partials/b.txt' %}", "partials___b__txt": "\n{% include 'partials/a.txt' %}"}
    [issue] = issues("{% include 'partials/a.txt' %}", **files)
    assert issue.message == (
        "these templates name each other: campaigns/templates/partials/a.txt → campaigns/templates/partials/b.txt → campaigns/templates/partials/a.txt"
    )
    assert str(issue.span) == "campaigns/templates/partials/b.txt:2:13"


def test_text_outside_of_blocks() -> None:
    files = {"layouts___a__txt": "{% block b %}{% endblock %}"}
    [issue] = issues("{% extends 'layouts/a.txt' %}\n{% block b %}x{% endblock %}\n\nlost", **files)
    assert (issue.code, str(issue.span)) == ("extends", "campaigns/templates/m.txt:4:1")


def test_what_the_context_has_is_known_by_the_journeys() -> None:
    body = "{{ context.entry.a | default('') }}{{ context.changed.a | default('') }}"
    assert codes(body) == []
    assert codes(body, use=Use("m", "sms", HERE, marketing=False, context=frozenset(("entry", "changed")))) == []
    [issue] = issues(body, use=Use("m", "sms", HERE, marketing=False, context=frozenset(("entry", "chanegd"))))
    assert (issue.message, issue.hint) == ("the journey's context has no `changed`", "did you mean `chanegd`?")


def test_urls_are_declared() -> None:
    [issue] = issues("{{ unsubscribe_url }}", known=Known())
    assert (issue.code, issue.hint) == ("no-url", "declare `urls: {unsubscribe: …}`")


# ---- the way out ---------------------------------------------------------------------------------------------------

FRONT = "---\nsubject: S\n---\n"


@pytest.mark.parametrize(
    ("kind", "body", "use", "expected"),
    [
        ("html", FRONT + "<p>x</p>", EMAIL, [("no-unsubscribe", "error")]),
        ("html", FRONT + "<p>x</p>", None, [("no-unsubscribe", "warning")]),
        ("html", FRONT + "<p>x</p>", Use("m", "email", HERE, marketing=False), []),
        ("html", FRONT + "<a href='{{ unsubscribe_url }}'>x</a>", EMAIL, []),
        ("html", FRONT + "<a href='{{ preferences_url }}'>x</a>", EMAIL, []),
        ("html", FRONT + "{% include 'partials/f.html' %}", EMAIL, []),
        ("txt", FRONT + "x", EMAIL, [("no-unsubscribe", "error")]),
        ("txt", "x", Use("m", "sms", HERE), [("no-opt-out", "error")]),
        ("txt", "x", None, [("no-opt-out", "warning")]),
        ("txt", "x. Reply STOP to end", Use("m", "sms", HERE), []),
        ("txt", "x. STOP au 36111", Use("m", "sms", HERE), []),
        ("txt", "Stop by at the end of the week", Use("m", "sms", HERE), [("no-opt-out", "error")]),
        ("txt", "x {{ unsubscribe_url }}", Use("m", "sms", HERE), []),
        ("txt", "x", Use("m", "sms", HERE, marketing=False), []),
        ("txt", "x", Use("m", "push", HERE), []),
    ],
)
def test_marketing_says_how_to_leave(kind: str, body: str, use: Use | None, expected: list[tuple[str, str]]) -> None:
    found = issues(body, kind=kind, use=use, partials___f__html="<a href='{{ unsubscribe_url }}'>x</a>")
    assert [(issue.code, issue.severity.value) for issue in found] == expected


# ---- campaigns -----------------------------------------------------------------------------------------------------


def test_what_campaigns_name_exists_and_fits() -> None:
    [issue] = issues("x", use=Use("n", "sms", HERE, marketing=False))[:1]
    assert "no-opt-out" in codes("x", use=Use("n", "sms", HERE, marketing=False))
    [unknown] = [one for one in issues("x", use=Use("mm", "sms", HERE)) if one.code == "unknown-template"]
    assert (unknown.span, unknown.message) == (HERE, "there is no template `mm`")
    [no_text] = issues(FRONT + "<p>{{ unsubscribe_url }}</p>", kind="html", use=SMS)
    assert (no_text.code, no_text.span) == ("no-text", HERE)
    assert issue.severity is Severity.WARNING or issue.code == "unknown-template"


def test_an_email_has_a_subject() -> None:
    body = "<p>{{ unsubscribe_url }}</p>"
    [issue] = issues(body, kind="html", use=EMAIL)
    assert (issue.code, issue.span, issue.severity) == ("no-subject", HERE, Severity.ERROR)
    [issue] = issues(body, kind="html", use=None)
    assert (issue.code, issue.severity) == ("no-subject", Severity.WARNING)
    own = Phrase("Hi {{ profile.first_name }}", 9, Span("campaigns/journeys/j.yaml", 9, 1, 9, 20))
    [issue] = issues(body, kind="html", use=Use("m", "email", HERE, subject=own))
    assert (issue.code, str(issue.span)) == ("missing-default", "campaigns/journeys/j.yaml:9:7")


def test_there_is_a_file_for_everybody() -> None:
    found = check_templates(templates_of(m__fr__txt="STOP", m__de__txt="STOP"), [], KNOWN)
    assert [issue.message for issue in found] == ["the template `m` is written in `de` and `fr` only, and in nothing for everybody else"]
    assert check_templates(templates_of(m__fr__txt="STOP", m__en__txt="STOP"), [], KNOWN) == []


def test_what_a_template_uses_of_the_data() -> None:
    [template] = templates_of(
        m__html="{% if profile.a.b %}{{ account['x.y'] }}{% endif %}", m__fr__html="---\nsubject: '{{ profile.c }}'\n---\n"
    ).values()
    used = {path for path in values_used(template) if path[0] in ("profile", "account")}
    assert {path[:2] for path in used} == {("profile", "a"), ("profile", "c"), ("account", "x.y")}


# ---- texts ---------------------------------------------------------------------------------------------------------


def test_the_hash_is_that_of_all_that_a_message_is_made_of() -> None:
    body = "<p>{% include 'partials/p.html' %}</p>"
    files = {"m__html": body, "m__fr__html": body, "partials___p__html": "a", "partials___p__fr__html": "b", "partials___q__html": "c"}
    template = templates_of(**files)["m"]
    base = "campaigns/templates/"
    assert list(template.texts) == [f"{base}m.fr.html", f"{base}m.html", f"{base}partials/p.fr.html", f"{base}partials/p.html"]
    assert template.hash == templates_of(**{**files, "partials___q__html": "changed"})["m"].hash
    for name in ("m__html", "partials___p__html", "partials___p__fr__html"):
        assert template.hash != templates_of(**{**files, name: files[name] + " "})["m"].hash


def test_a_message_is_restored_from_its_texts() -> None:
    from engage_cli.messaging.template import restore_template

    files = {
        "m__html": "---\nsubject: S\n---\n<p>{% include 'partials/p.html' %}{{ profile.x }}</p>",
        "partials___p__html": "a",
        "n__txt": "x",
    }
    project = load_texts(texts_of(**files))
    template = load_templates(project)["m"]
    restored = restore_template("m", template.texts, project.config.messaging, project.config.timezone)
    assert restored.hash == template.hash
    assert restored.compile("email").render({"profile": {"x": 1}}) == template.compile("email").render({"profile": {"x": 1}})
