"""Template files are found by their names, their front matter is read with places, and mistakes are explained."""

import pytest

from engage_cli.definitions.excerpts import render_issue
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import load_project, load_texts
from engage_cli.definitions.template import TemplateKind
from engage_cli.source import InvalidError

CONFIG = "project: shop\nsources: {events: {path: events.csv}}\n"
FOLDER = "campaigns/templates/"


def project_of(**files: str) -> Project:
    """The project of template files, by their names with `__` for a dot and `___` for a slash."""
    texts = {FOLDER + name.replace("___", "/").replace("__", "."): text for name, text in files.items()}
    return load_texts({"engage.yaml": CONFIG, **texts})


def told(path: str, text: str) -> str:
    texts = {"engage.yaml": CONFIG, FOLDER + path: text}
    with pytest.raises(InvalidError) as caught:
        load_texts(texts)
    return "\n".join(line for issue in caught.value.issues for line in render_issue(issue, texts))


def test_a_message_has_a_file_a_kind_and_a_language() -> None:
    project = project_of(hello__html="<p>", hello__pt_br__html="<p>", hello__txt="hi", call__txt="call", deep___er___thanks__mjml="<mjml>")
    assert list(project.templates.messages) == ["call", "hello", "thanks"]
    hello = project.templates.messages["hello"]
    assert [(file.name, file.kind, file.language) for file in hello.files] == [
        ("hello.html", TemplateKind.HTML, None),
        ("hello.pt_br.html", TemplateKind.HTML, "pt-BR"),
        ("hello.txt", TemplateKind.TEXT, None),
    ]
    assert [file.name for file in hello.of(TemplateKind.TEXT)] == ["hello.txt"]


def test_parts_are_no_messages() -> None:
    project = project_of(layouts___a__html="x", partials___b__fr_ca__html="x", _c__txt="x", partials___d__css="x", hello__html="x")
    assert list(project.templates.parts) == ["_c.txt", "layouts/a.html", "partials/b.fr-CA.html", "partials/d.css"]
    assert list(project.templates.messages) == ["hello"]


def test_front_matter_has_places() -> None:
    text = '---\nfrom: Acme <a@acme.example>\nsubject: "Hi {{ x }}"\ntext: |\n  one\n  {{ two }}\n---\nbody\n'
    [file] = project_of(hello__html=text).templates.messages["hello"].files
    assert (file.body, file.line) == ("body\n", 8)
    front = file.front
    assert front.subject is not None and front.text is not None and front.sender is not None
    assert (front.subject.text, front.subject.line, front.subject.span.column) == ("Hi {{ x }}", 3, 10)
    assert (front.text.text, front.text.line) == ("one\n{{ two }}\n", 5)
    assert (front.reply_to, front.preheader) == (None, None)


def test_a_file_without_front_matter_is_its_body() -> None:
    [file] = project_of(hello__txt="Hi ---\n---\n").templates.messages["hello"].files
    assert (file.body, file.line) == ("Hi ---\n---\n", 1)


def test_windows_line_ends_count_as_one() -> None:
    [file] = project_of(hello__txt="---\r\nsubject: x\r\n---\r\nHi").templates.messages["hello"].files
    assert (file.body, file.line) == ("Hi", 4)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Hello.html", "", "1:1: error[name]: `Hello` is no name for a template"),
        ("hello.htm", "", "`hello.htm` is no template: templates end in .html, .mjml or .txt\n  hint: name it `hello.html`"),
        ("logo.png", "", "hint: keep pictures and other files elsewhere"),
        ("shop.css", "", "hint: styles are a part"),
        ("hello.french.html", "", "error[language]: `french` in the name of `hello.french.html` is no language\n  hint: languages are such as `fr`"),
        ("hello.a.b.html", "", "has too many dots for a template"),
        ("hello.html", "---\nsubject: x\n", "error[front-matter]: this front matter is never closed"),
        ("hello.html", "---\nsubject: {{ x }}\n---\n", '2:10: error[quoting]: a value that begins with `{` is no text in YAML\n  2 | subject: {{'),
        ("hello.html", "---\nsubjct: x\n---\n", "front matter takes no key `subjct`\n  2 | subjct: x\n    | ^^^^^^\n  hint: did you mean `subject`?"),
        ("hello.html", "---\nsubject: 5\n---\n", 'expected text, found the number `5`'),
        ("hello.html", "---\nsubject: a\nsubject: b\n---\n", "the key `subject` stands twice"),
        ("hello.txt", "---\ntext: x\n---\n", "a template of plain text takes no `text`: the body is the text"),
        ("partials/a.html", "---\nsubject: x\n---\n", "a part of templates has no front matter"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(path: str, text: str, expected: str) -> None:
    assert expected in told(path, text)


def test_one_language_is_written_once() -> None:
    with pytest.raises(InvalidError) as caught:
        project_of(hello__html="x", hello__mjml="x", hello__txt="x")
    [issue] = caught.value.issues
    assert issue.message == "the template `hello` is written twice in one language: here and in campaigns/templates/hello.html"


def test_yaml_is_no_template(tmp_path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    (tmp_path / "engage.yaml").write_text(CONFIG)
    (folder / "hello.yaml").write_text("audience: x\nmembers: {everyone: true}\n")
    with pytest.raises(InvalidError) as caught:
        load_project(tmp_path)
    assert [issue.code for issue in caught.value.issues] == ["template-file"]
