"""An issue as text: the right line, the right place under it, and nothing that a terminal would obey."""

from engage_cli.definitions.excerpts import excerpt, render_issue
from engage_cli.source import Issue, Severity, Span


def test_an_issue_without_a_place():
    assert render_issue(Issue("no-project", "there is no engage.yaml"), {}) == ["error[no-project]: there is no engage.yaml"]


def test_a_warning_with_a_hint():
    issue = Issue("unused", "never occurs", Span("a.yaml", 1, 4, 1, 5), "look again", Severity.WARNING)
    assert render_issue(issue, {"a.yaml": "x: y"}) == [
        "a.yaml:1:4: warning[unused]: never occurs",
        "  1 | x: y",
        "    |    ^",
        "  hint: look again",
    ]


def test_a_place_over_several_lines_is_marked_to_the_end_of_the_first():
    assert excerpt(Span("f", 2, 3, 4, 2), "a\n  b: c  \n d\n") == ["  2 |   b: c  ", "    |   ^^^^"]


def test_an_empty_place_is_one_caret_and_an_empty_line_none():
    assert excerpt(Span("f", 1, 4, 1, 4), "a: ") == ["  1 | a: ", "    |    ^"]
    assert excerpt(Span("f", 2, 1, 2, 2), "a\n\nb") == []
    assert excerpt(Span("f", 9, 1, 9, 2), "a") == []


def test_wide_and_combining_characters_keep_the_carets_in_place():
    assert excerpt(Span("f", 1, 5, 1, 7), "名前: 東京") == ["  1 | 名前: 東京", "    |       ^^^^"]
    assert excerpt(Span("f", 1, 3, 1, 4), "e\u0301x") == ["  1 | e\u0301x", "    |  ^"]


def test_characters_that_a_terminal_obeys_are_escaped():
    lines = excerpt(Span("f", 1, 4, 1, 5), "a: \u202ex\x1b[31m")
    assert lines == ["  1 | a: \\u202ex\\u001b[31m", "    |    ^^^^^^"]
    (line,) = render_issue(Issue("c", "the name `\x1b[2J`", Span("\u202egpj.yaml", 1, 1, 1, 2)), {})
    assert line.isprintable()


def test_a_long_line_is_cut_around_the_place():
    text = "x" * 500 + "HERE" + "y" * 500
    shown, carets = excerpt(Span("f", 1, 501, 1, 505), text)
    assert len(shown) < 130
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "HERE"


def test_tabs_count_as_one_column():
    assert excerpt(Span("f", 1, 2, 1, 3), "\ta") == ["  1 |  a", "    |  ^"]
