"""The rooms of the source and the arrows between them, which ``make rooms`` shows and ``test_rooms.py`` judges.

An arrow is an import, those inside functions and those by name in a table of late imports too. Imports that only type
checkers see are none.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, TypeGuard

ROOT = Path(__file__).parents[1]
Graph = Mapping[str, Set[str]]


def sources(folder: Path) -> dict[str, Path]:
    """Every module below a folder that holds packages, by its dotted name."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def seen_by_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    """Whether a branch has a body for type checkers alone; its ``else`` runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def running(node: ast.AST) -> Iterator[ast.AST]:
    """A tree without what only type checkers see."""
    yield node
    for child in node.orelse if seen_by_checkers(node) else ast.iter_child_nodes(node):
        yield from running(child)


def named(node: ast.AST) -> Iterator[str]:
    """What a node may import: a module, or a name in one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
        yield node.value


def imports_below(node: ast.AST) -> bool:
    """Whether an f-string is the name of some module below the one it is in: ``f"{__name__}.{name}"``."""
    if not isinstance(node, ast.JoinedStr) or not isinstance(first := node.values[0], ast.FormattedValue):
        return False
    return isinstance(first.value, ast.Name) and first.value.id == "__name__"


def below(module: str, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What a module that imports below itself may import: each text in it may be a name."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f"{module}.{node.value}"


def arrows(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """The modules that each module imports."""
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        nodes = list(running(ast.parse(path.read_text(encoding="utf-8"))))
        names = {name for node in nodes for name in named(node)}
        if any(map(imports_below, nodes)):
            names.update(below(module, nodes))
        targets = {name if name in modules else name.rpartition(".")[0] for name in names}
        graph[module] = {target for target in targets if target in modules} - {module}
    return graph


def rooms(graph: Graph, container: str) -> dict[str, set[str]]:
    """The arrows between the rooms of a container: its modules and packages, each as a whole."""

    def room(module: str) -> str | None:
        inside = module.removeprefix(f"{container}.")
        return None if inside == module else inside.partition(".")[0]

    found: dict[str, set[str]] = {one: set() for module in graph if (one := room(module))}
    for module, targets in graph.items():
        if one := room(module):
            found[one] |= {other for target in targets if (other := room(target)) and other != one}
    return found


def containers(graph: Graph) -> list[str]:
    """The packages, the outermost first."""
    return sorted({module.rpartition(".")[0] for module in graph} - {""})


def circle(graph: Graph) -> list[str]:
    """The modules of a circle, the first one again at the end; none where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])[::-1]
    return []


def layers(configuration: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """The declared layers of each container, the highest first."""
    contracts = configuration["tool"]["importlinter"]["contracts"]
    return {
        container: [[room.strip(" ()") for room in layer.split("|")] for layer in contract["layers"]]
        for contract in contracts
        if contract["type"] == "layers"
        for container in contract["containers"]
    }


def against(graph: Graph, container: str, order: list[list[str]]) -> list[str]:
    """Arrows that lead up or sideways in the declared order."""
    height = {room: -at for at, layer in enumerate(order) for room in layer}
    return [
        f"{container}.{room} -> {container}.{other}"
        for room, targets in rooms(graph, container).items()
        for other in sorted(targets)
        if room in height and other in height and height[other] >= height[room]
    ]


def declared() -> dict[str, list[list[str]]]:
    return layers(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")))


def report(graph: Graph) -> Iterator[str]:
    """A line a container, and its rooms from the top down."""
    yield summary("modules", graph)
    order = declared()
    for container in containers(graph):
        found = rooms(graph, container)
        yield f"\n{container}: {summary('rooms', found)}"
        if container in order:
            yield from (f"  not as declared: {fault}" for fault in against(graph, container, order[container]))
        for room in found if circle(found) else reversed(list(TopologicalSorter(found).static_order())):
            yield f"  {room:20} -> {', '.join(sorted(found[room])) or '-'}"


def summary(what: str, graph: Graph) -> str:
    return (
        f"{len(graph)} {what}, {sum(map(len, graph.values()))} arrows, circle: {' -> '.join(circle(graph)) or 'none'}"
    )


if __name__ == "__main__":
    print("\n".join(report(arrows(sources(ROOT / "src")))))
