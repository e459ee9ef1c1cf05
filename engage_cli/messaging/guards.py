"""Puts the counting of limits.py into a template's tree, before it is compiled."""

from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from engage_cli.messaging.environment import CHARGED, COUNTED, SIZED
from engage_cli.messaging.limits import ROUND


def guarded(body: list[nodes.Node]) -> list[nodes.Node]:
    """The statements, every loop, macro and joined text of them counted."""
    return list(_Guards().visit(nodes.Template(body)).body)


class _Guards(NodeTransformer):
    """Methods are named by Jinja's nodes."""

    def visit_For(self, node: nodes.For, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        assert isinstance(node.iter, nodes.Expr)
        node.iter = _filter(node.iter, COUNTED, node.lineno, nodes.Const(_cost(node), lineno=node.lineno))
        return node

    def visit_Macro(self, node: nodes.Macro, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        charge = _filter(nodes.Const(_cost(node), lineno=node.lineno), CHARGED, node.lineno)
        node.body = [nodes.Output([charge], lineno=node.lineno), *node.body]
        return node

    def visit_Concat(self, node: nodes.Concat, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        return _filter(node, SIZED, node.lineno)

    def visit_AssignBlock(self, node: nodes.AssignBlock, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        node.filter = _filter(node.filter, SIZED, node.lineno)
        return node


def _filter(value: nodes.Expr | None, name: str, lineno: int, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, list(arguments), [], None, None, lineno=lineno)


def _cost(node: nodes.For | nodes.Macro) -> int:
    """How many characters a round writes by itself."""
    return max(ROUND, sum(len(data.data) for data in node.find_all(nodes.TemplateData)))
