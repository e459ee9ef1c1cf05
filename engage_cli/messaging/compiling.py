"""The Python that templates become: Jinja's own, with what nearly every value goes through written out in place of being called.

A person's values are text under keys of objects. Reaching one and writing it costs three calls in Jinja's code, more than all the rest of a
message; here something is called only for what is no text, or in no object. What a rendering writes is one list, not a generator's turns.
"""

from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

ESCAPED, SAID = "_escaped", "_said"
"""Globals that the Python needs: a text as HTML shows it, and what is written of another value. Variables of templates have other names."""


class Code(CodeGenerator):
    """Writes the Python of one template, whose `root` yields once: the list of all that it writes. Methods are named by Jinja."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._whole: Frame | None = None
        self._values: list[str] = []
        """The names of what is being written, the innermost last."""

    def enter_frame(self, frame: Frame) -> None:
        """Open a frame; the first one collects what is written."""
        if self._whole is None:
            self._whole = frame
            self.buffer(frame)
        super().enter_frame(frame)

    def leave_frame(self, frame: Frame, with_python_scope: bool = False) -> None:
        """Close a frame; the first one hands over what was written."""
        super().leave_frame(frame, with_python_scope)
        if frame is self._whole:
            self.writeline(f"yield {frame.buffer}")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 (Jinja's name)
        """`a.b`."""
        self._reached(node.node, node.attr, "getattr", frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 (Jinja's name)
        """`a["b"]`."""
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            self._reached(node.node, node.arg.value, "getitem", frame)
        else:
            super().visit_Getitem(node, frame)

    def _reached(self, of: nodes.Expr, name: str, otherwise: str, frame: Frame) -> None:
        """The value that an object has under a name; of all else, and for a value that may count as missing, what the sandbox says."""
        value, owner = self.temporary_identifier(), self.temporary_identifier()
        self.write(f"({value} if ({owner} := ")
        self.visit(of, frame)
        self.write(f").__class__ is dict and ({value} := {owner}.get({name!r})) else environment.{otherwise}({owner}, {name!r}))")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        value = self.temporary_identifier()
        self._values.append(value)
        self.write(f"({f'{ESCAPED}({value})' if frame.eval_ctx.autoescape else value} if ({value} := ")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(f").__class__ is str else {SAID}({self._values.pop()}))")
