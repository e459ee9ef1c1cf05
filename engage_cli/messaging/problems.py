"""Why a message cannot be rendered for somebody. The message is then not sent, with this as the reason; the others are."""


class RenderError(Exception):
    """One person's message cannot be made of its template.

    `code` is a stable short name (`missing`, `header`, `address`, `too-large`, `value`), `message` a sentence; `file` and `line` say
    where in the templates, if that is known.
    """

    def __init__(self, code: str, message: str, *, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.file = file
        self.line = line

    @property
    def place(self) -> str | None:
        """`campaigns/templates/welcome.html:7`."""
        return None if self.file is None else f"{self.file}:{self.line}" if self.line else self.file
