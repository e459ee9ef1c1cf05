"""What `template preview` says."""

from collections.abc import Iterator

from engage_cli.cli.render.blocks import EMPTY, Block, Piece, Style, counted, dim, line, name
from engage_cli.cli.render.documents import Json, fields_of
from engage_cli.service.results.templates import TemplatePreview
from engage_cli.source import visible


def preview_blocks(result: TemplatePreview) -> Iterator[Block]:
    """The headers, the text, what it costs, and where the message was written."""
    yield line(name(result.template), f" for {result.user} by {result.channel}, in {result.language}")
    for label, value in (("from", result.sender), ("to", result.to), ("reply to", result.reply_to), ("subject", result.subject)):
        if value is not None:
            yield line(dim(f"{label}: "), str(value))
    yield EMPTY
    for text in result.text.split("\n"):
        yield line(text)
    yield EMPTY
    if result.sms is not None:
        yield line(f"{counted(result.sms.segments, 'segment')} in {result.sms.encoding.value}, {result.sms.units} units")
        if result.sms.because:
            shown = " ".join(f"`{char}`" for char in result.sms.because)
            yield line(Piece("in GSM-7 it would be shorter; what rules that out: ", Style.WARNING), shown)
    for path in result.files:
        yield line(f"written to {path}")


def note_of(result: TemplatePreview) -> Iterator[Block]:
    """What is good to know of a preview."""
    if result.unreachable is not None:
        yield line(Piece("warning", Style.WARNING), f": nothing is sent to {result.user}: `{visible(str(result.to))}` {result.unreachable}")
    if result.is_clipped:
        yield line(Piece("warning", Style.WARNING), f": the HTML has {result.bytes:,} bytes, and Gmail cuts messages at about 102,000")


def preview_document(result: TemplatePreview) -> Json:
    """`template preview`."""
    document = fields_of(result)
    del document["data"]
    return document
