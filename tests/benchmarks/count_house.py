"""How tidy the house is: figures counted alike on any checkout.

    python tests/benchmarks/count_house.py [ROOT ...] [--json] [--list NAME]

ROOT is a checkout, by default the current folder; with several, their figures stand
side by side. `--list NAME` prints the places behind the figures whose name begins with
NAME. Nothing but the standard library is needed to read code; what an import loads, and
the options of `decide`, are asked of the Python that runs this, with ROOT's packages on
its path.

How each figure is counted stands in the docstring of the function that counts it.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef

LIBRARY = "prompt_or_tune"
WINGS = {
    LIBRARY: "course/prompt_or_tune",
    "autograde": "autograde",
    "workshop": "solutions/workshop",
}

LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "words",
        (
            *("files", "serialisation", "wording", "stages", "syllabus"),
            *("records", "lexicon", "statistics", "scoring"),
        ),
    ),
    ("models", ("adapters", "models", "threads", "endpoint")),
    ("stages", ("samples", "prompts", "pairs", "trace", "tuning", "prediction")),
    ("question", ("decision", "own_data")),
    (
        "faces",
        (
            *("show", "report", "tables", "pages", "facts", "figures"),
            *("tour", "doctor", "delivery", "cli"),
            *("checks", "widgets", "notebook", "notebooks"),
        ),
    ),
)
"""Rows of the house, lowest first. What stands in no row may be asked by every row."""

ORDERED = (
    ("records", "lexicon", "statistics", "scoring"),
    ("samples", "prompts", "pairs", "trace", "tuning", "prediction"),
    ("decision", "own_data"),
    ("show", "figures", "cli"),
    ("checks", "widgets"),
)
"""Inside a row: no room asks one that stands after it here."""

ARM_NAMES = frozenset(
    "BARE ENGINEERED FEW_SHOT RETRIEVED GLOSSARY LORA LORA_ENGINEERED MANY_SHOT "
    "ENGINEERED_FEW_SHOT LOOK_UP NEAREST MAJORITY READ_NOTES "
    "TUNED_ARMS MODEL_ARMS RIVALS ARMS".split()
)
TASK_NAMES = frozenset("BRIEF VOICE FACT TASK_SPECS TASKS".split())
ARM_AND_TASK_STRINGS = frozenset(
    (
        "bare",
        "engineered",
        "few-shot",
        "retrieved few-shot",
        "glossary",
        "LoRA",
        "LoRA + engineered",
        "many-shot",
        "engineered + few-shot",
        "look-up",
        "nearest pair",
        "reading the notes",
        "brief",
        "voice",
    )
)
DOCUMENT_PARTS = frozenset("Table Section Listing Report Document Heading".split())
PRINTED_PARTS = frozenset(("heading", "table"))
PASSED_THROUGH = frozenset("enumerate iter list next reversed sorted tuple zip".split())
"""What Python offers of which an element is one of the (last) argument."""

OWN_RULES = frozenset("ABC Protocol Generic Exception ValueError".split())
"""Bases that prescribe no parameters."""

BY_HAND = ("_shorten", "_count", "as_json")
LONG = 40


@dataclass(frozen=True)
class Figure:
    """One line of the table: its name, its value, and the places behind it."""

    name: str
    value: str
    places: tuple[str, ...] = ()


# ── Reading a checkout ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Module:
    """A Python file: its import name, its path in the checkout, its syntax tree."""

    name: str
    path: str
    tree: ast.Module
    lines: int

    @property
    def is_package(self) -> bool:
        """Return whether the file is a package's `__init__.py`."""
        return self.path.endswith("__init__.py")

    def at(self, node: ast.AST, what: str = "") -> str:
        """Return a place for people: path, line and what stands there."""
        place = f"{self.path}:{getattr(node, 'lineno', 1)}"
        return f"{place} {what}".rstrip()


class House:
    """A checkout's code: the modules of its wings, and the texts of its notebooks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules = {m.name: m for m in self._read_wings()}

    def _read_wings(self) -> Iterator[Module]:
        for wing, folder in WINGS.items():
            for path in sorted((self.root / folder).rglob("*.py")):
                parts = path.relative_to(self.root / folder).with_suffix("").parts
                dotted = ".".join((wing, *parts)).removesuffix(".__init__")
                yield self._read(path, dotted)

    def _read(self, path: Path, name: str) -> Module:
        text = path.read_text(encoding="utf-8")
        relative = path.relative_to(self.root).as_posix()
        return Module(name, relative, ast.parse(text), text.count("\n"))

    @property
    def library(self) -> list[Module]:
        """Return the modules that learners import."""
        return [m for m in self.modules.values() if _wing_of(m.name) == LIBRARY]

    @cached_property
    def notebook_texts(self) -> list[Module]:
        """Return the texts that notebooks are built from, as far as they are Python."""
        return [
            self._read(path, path.stem)
            for path in sorted((self.root / "solutions").glob("*.py"))
        ]

    @cached_property
    def arrows(self) -> dict[tuple[str, str], ast.AST]:
        """Return who imports whom, with the first statement that does.

        Imports inside functions and under TYPE_CHECKING count: who reads one module has
        to know the other. `from package import name` is an arrow to the module of that
        name where there is one, else to the package.
        """
        found: dict[tuple[str, str], ast.AST] = {}
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                for target in self._targets(module, node):
                    if target != module.name:
                        found.setdefault((module.name, target), node)
        return found

    def _targets(self, module: Module, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            return
        for name in names:
            name = name.removeprefix("solutions.")
            parent = name.rpartition(".")[0]
            if name in self.modules:
                yield name
            elif isinstance(node, ast.ImportFrom) and parent in self.modules:
                yield parent

    @cached_property
    def definitions(self) -> dict[str, tuple[Module, Definition]]:
        """Return top-level functions and classes by their full names."""
        return {
            f"{module.name}.{node.name}": (module, node)
            for module in self.modules.values()
            for node in module.tree.body
            if isinstance(node, Definition)
        }

    @cached_property
    def types(self) -> Types:
        """Return what is known about the types of values."""
        return Types(self)

    def resolve(self, module: Module, name: str) -> str | None:
        """Return the full name of what a name in a module was defined as, if ours."""
        for _ in range(9):  # re-exports lead from package to package
            full = f"{module.name}.{name}"
            if full in self.definitions:
                return full
            source = self._imports_of(module.name).get(name)
            if source is None or source[0] not in self.modules:
                return None
            module, name = self.modules[source[0]], source[1]
        return None

    def _imports_of(self, name: str) -> dict[str, tuple[str, str]]:
        """Return a module's imported names, each with its module and its name there."""
        if name not in self._imports:
            module = self.modules[name]
            self._imports[name] = {
                alias.asname or alias.name: (_absolute(module, node), alias.name)
                for node in ast.walk(module.tree)
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
        return self._imports[name]

    @cached_property
    def _imports(self) -> dict[str, dict[str, tuple[str, str]]]:
        return {}


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    """Return the full name of the module that `from … import` names."""
    if not node.level:
        return (node.module or "").removeprefix("solutions.")
    up = node.level - module.is_package
    parts = module.name.split(".")
    base = parts[: len(parts) - up] if up else parts
    return ".".join([*base, *([node.module] if node.module else [])])


def _wing_of(name: str) -> str:
    return name.split(".")[0]


def _room_of(name: str) -> str:
    """Return the part of the library that a module is in: `decision`, `records`, …."""
    return name.split(".")[1] if "." in name else ""


def walk_functions(module: Module) -> Iterator[Function]:
    """Yield every function of a module, nested ones too."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield node


# ── Walls ──────────────────────────────────────────────────────────────────────────────


def count_circles(house: House) -> Figure:
    """Count groups of two or more modules that all lead to each other by imports."""
    circles = [group for group in _find_circles(house) if len(group) > 1]
    return Figure(
        "import circles",
        str(len(circles)),
        tuple(" ⇄ ".join(sorted(circle)) for circle in circles),
    )


def _find_circles(house: House) -> list[list[str]]:
    """Return the strongly connected components of the imports (Kosaraju's way)."""
    after: dict[str, list[str]] = defaultdict(list)
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in house.arrows:
        after[source].append(target)
        before[target].append(source)
    order: list[str] = []
    seen: set[str] = set()
    for name in house.modules:
        order += _finish(name, after, seen)
    seen = set()
    return [_finish(name, before, seen) for name in reversed(order) if name not in seen]


def _finish(start: str, after: dict[str, list[str]], seen: set[str]) -> list[str]:
    """Return what is reached from here and not seen yet, in the order it is left."""
    if start in seen:
        return []
    seen.add(start)
    reached = [n for name in after[start] for n in _finish(name, after, seen)]
    return [*reached, start]


def count_arrows_up(house: House) -> Figure:
    """Count pairs of rooms of the library of which the lower one imports the higher.

    Lower and higher are those of LAYERS and ORDERED above, the drawing of the house.
    """
    up: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (source, target), node in house.arrows.items():
        rooms = _room_of(source), _room_of(target)
        if _wing_of(source) == _wing_of(target) == LIBRARY and _leads_up(*rooms):
            what = f"{source} → {target}"
            up[rooms].append(house.modules[source].at(node, what))
    return Figure(
        "arrows that run back up",
        str(len(up)),
        tuple(place for places in up.values() for place in places),
    )


def _leads_up(source: str, target: str) -> bool:
    rows = [
        index
        for room in (source, target)
        for index, (_, rooms) in enumerate(LAYERS)
        if room in rooms
    ]
    if len(rows) == 2 and rows[0] != rows[1]:
        return rows[0] < rows[1]
    return any(
        source in order and target in order and order.index(source) < order.index(target)
        for order in ORDERED
    )


# ── Arms and tasks ─────────────────────────────────────────────────────────────────────


def count_names_asked(house: House) -> Figure:
    """Count places of the library that ask an arm's or a task's name what to do.

    A place is a comparison (`==`, `!=`, `is`, `in` and their opposites), an `isinstance`
    or a `case` of which one side is the constant, the class or the literal name of an
    arm or task, or a group of them (`TUNED_ARMS`, `RIVALS`); or a dict of functions or
    classes that has such names as keys. What arms and tasks define themselves
    (`decision/arms/`, `decision/tasks/`) does not ask.
    """
    asked = _known_names(house)
    places = [
        module.at(node, ast.unparse(node)[:70].replace("\n", " "))
        for module in house.library
        if _room_of(module.name) != "seedling"
        for node in _sorted_by_line(module.tree)
        if any(_names_one(part, asked) for part in _asking_parts(node))
    ]
    name = "places that ask an arm's or task's name"
    return Figure(name, str(len(places)), tuple(places))


def _sorted_by_line(tree: ast.AST) -> list[ast.AST]:
    return sorted(ast.walk(tree), key=lambda node: getattr(node, "lineno", 0))


def _known_names(house: House) -> frozenset[str]:
    """Return the constants and classes that are arms, tasks, or groups of them."""
    defined = {
        node.name
        for module in house.library
        if _is_arm_or_task(module)
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and any(map(_is_arm_class, node.bases))
    }
    return frozenset(defined) | ARM_NAMES | TASK_NAMES


def _is_arm_or_task(module: Module) -> bool:
    inside = (f"{LIBRARY}.decision.arms.", f"{LIBRARY}.decision.tasks.")
    return module.name.startswith(inside)


def _is_arm_class(base: ast.expr) -> bool:
    name = _last_name(base)
    return name.endswith(("Arm", "Rival", "Task"))


def _asking_parts(node: ast.AST) -> list[ast.expr]:
    """Return the expressions that a place compares with, none where nothing asks."""
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.MatchValue):
        return [node.value]
    if isinstance(node, ast.MatchClass):
        return [node.cls]
    if isinstance(node, ast.Call) and _last_name(node.func) in (
        "isinstance",
        "issubclass",
    ):
        return node.args[1:]
    if isinstance(node, ast.Dict) and any(map(_is_behaviour, node.values)):
        return [key for key in node.keys if key is not None]
    return []


def _is_behaviour(value: ast.expr) -> bool:
    """Return whether a dict's value is something to call, not data."""
    named = isinstance(value, ast.Name) and not value.id.isupper()
    return named or isinstance(value, ast.Lambda)


def _names_one(part: ast.expr, names: frozenset[str]) -> bool:
    """Return whether an expression is a known name, or holds one in a tuple."""
    if isinstance(part, ast.Tuple | ast.List | ast.Set):
        return any(_names_one(element, names) for element in part.elts)
    if isinstance(part, ast.Constant):
        return part.value in ARM_AND_TASK_STRINGS
    if isinstance(part, ast.Attribute) and part.attr == "name":
        return _names_one(part.value, names)
    return isinstance(part, ast.Name | ast.Attribute) and _last_name(part) in names


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def count_measurers(house: House) -> Figure:
    """Count top-level functions and classes of the library that call `measure_arm`.

    It is the step that measures one arm on one task; who calls it goes through arms,
    keeps results and reports progress. A class that has `measure_arm` as its own method
    counts once.
    """
    places = [
        module.at(node, node.name)
        for module in house.library
        for node in module.tree.body
        if isinstance(node, Definition) and node.name != "measure_arm"
        if any(
            isinstance(call, ast.Call) and _last_name(call.func) == "measure_arm"
            for call in ast.walk(node)
        )
    ]
    return Figure("code that measures arms", str(len(places)), tuple(places))


# ── Rooms that a call of `measure` passes through ──────────────────────────────────────


def count_stays(house: House) -> list[Figure]:
    """Count the rooms that a reader of `measure` passes through, back and forth.

    The reader opens every function of the library that is called, in the order in which
    calls are written, each once; the words (the lowest row) need no looking up. What is
    called is told by names and annotations; where a method is left to subclasses, the
    reader follows one of them, the one with the most lines. Whenever the next function
    stands in another file, a stay ends and another begins.
    """
    starts = [
        full
        for full in house.definitions
        if full.startswith(f"{LIBRARY}.decision.") and full.endswith(".measure")
    ]
    if not starts:
        return [Figure("stays of a call of `measure`", "no `measure`")]
    walk = Walk(house)
    walk.open(*house.definitions[starts[0]])
    rooms = [path for path in walk.visits if not _is_vocabulary(path)]
    stays = tuple(path for path, _ in groupby(rooms))
    most, entered = Counter(stays).most_common(1)[0]
    return [
        Figure("stays of a call of `measure`", str(len(stays)), stays),
        Figure("  most often entered", f"{entered} × {Path(most).name}", (most,)),
    ]


def _is_vocabulary(path: str) -> bool:
    words = dict(LAYERS)["words"]
    return path in {f"{WINGS[LIBRARY]}/{word}.py" for word in words}


@dataclass
class Scope:
    """What a reader knows inside a function: its module, and the types of names."""

    module: Module
    types: dict[str, str]


@dataclass
class Walk:
    """A reader's way from function to function, noted as the files that are opened."""

    house: House
    visits: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def open(self, module: Module, function: Definition | None, owner: str = "") -> None:
        """Read a function, and then what it calls; `owner` is the class of a method."""
        if id(function) in self.seen or not isinstance(function, Function):
            return
        self.seen.add(id(function))
        self.visits.append(module.path)
        scope = Scope(module, self.house.types.of_parameters(module, function))
        if owner:
            scope.types["self"] = owner
        for statement in function.body:
            for node in _in_order(statement):
                self._read(scope, node)

    def _read(self, scope: Scope, node: ast.AST) -> None:
        for target, value in _list_bindings(node):
            kind = self.house.types.of_value(scope, value)
            elements = target.elts if isinstance(target, ast.Tuple) else [target]
            for name in filter(None, map(_dotted, elements)):
                if kind:
                    scope.types[name] = kind
        if isinstance(node, ast.Call):
            found = self.house.types.find_called(scope, node.func)
            if found is not None:
                self.open(*found)


@dataclass
class Types:
    """Which class of ours a value has, as far as annotations and constructors say."""

    house: House
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)

    def named(self, module: Module, annotation: ast.expr | None) -> str | None:
        """Return our class that an annotation names; of a collection, its element's."""
        for node in ast.walk(annotation) if annotation else ():
            if isinstance(node, ast.Name):
                full = self.house.resolve(module, node.id)
                if full and isinstance(self.house.definitions[full][1], ast.ClassDef):
                    return full
        return None

    def of_parameters(self, module: Module, function: Function) -> dict[str, str]:
        """Return the types of a function's parameters."""
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return {
            argument.arg: kind
            for argument in every
            if (kind := self.named(module, argument.annotation))
        }

    def of_value(self, scope: Scope, value: ast.expr) -> str | None:
        """Return the type of an expression; of a collection, its element's."""
        if isinstance(value, ast.Name | ast.Attribute):
            known = scope.types.get(_dotted(value) or "")
            if known or isinstance(value, ast.Name):
                return known
            owner = self.of_value(scope, value.value)
            return self.of_attributes(owner).get(value.attr) if owner else None
        if isinstance(value, ast.Subscript):
            return self.of_value(scope, value.value)
        if isinstance(value, ast.Call):
            return self._returned(scope, value)
        return None

    def _returned(self, scope: Scope, call: ast.Call) -> str | None:
        found = self.find_called(scope, call.func)
        if found is None:
            through = _last_name(call.func) in PASSED_THROUGH and call.args
            return self.of_value(scope, call.args[-1]) if through else None
        module, function, owner = found
        if function is None or function.name == "__init__":
            return owner
        return self.named(module, function.returns)

    def find_called(
        self, scope: Scope, called: ast.expr
    ) -> tuple[Module, Function | None, str] | None:
        """Return the function behind a call, and the class if it is a method.

        Of a class without a constructor of its own there is no function.
        """
        if isinstance(called, ast.Attribute):
            kind = self.of_value(scope, called.value)
            return self._find_method(kind, called.attr) if kind else None
        if not isinstance(called, ast.Name):
            return None
        full = self.house.resolve(scope.module, called.id)
        if full is None:
            return None
        module, node = self.house.definitions[full]
        if isinstance(node, Function):
            return module, node, ""
        return self._find_method(full, "__init__") or (module, None, full)

    def of_attributes(self, kind: str) -> dict[str, str]:
        """Return the types of an object's fields, properties and `self.…`."""
        if kind not in self.attributes:
            self.attributes[kind] = {}  # a class may hold its own kind
            self.attributes[kind] = dict(self._read_attributes(kind))
        return self.attributes[kind]

    def _read_attributes(self, kind: str) -> Iterator[tuple[str, str]]:
        module, node = self.house.definitions[kind]
        assert isinstance(node, ast.ClassDef)
        for base in self._bases_of(kind):
            yield from self.of_attributes(base).items()
        for child in node.body:
            if isinstance(child, Function) and child.name == "__init__":
                yield from self._read_constructor(kind, module, child)
            name, annotation = _read_annotated(child)
            found = self.named(module, annotation)
            if found:
                yield name, found

    def _read_constructor(
        self, kind: str, module: Module, constructor: Function
    ) -> Iterator[tuple[str, str]]:
        scope = Scope(module, self.of_parameters(module, constructor) | {"self": kind})
        for node in ast.walk(constructor):
            for target, value in _list_bindings(node):
                name, found = _dotted(target) or "", self.of_value(scope, value)
                if name.startswith("self.") and found:
                    yield name.removeprefix("self."), found

    def _bases_of(self, kind: str) -> list[str]:
        module, node = self.house.definitions[kind]
        assert isinstance(node, ast.ClassDef)
        found = (self.house.resolve(module, _last_name(base)) for base in node.bases)
        return [full for full in found if full]

    def _find_method(self, kind: str, name: str) -> tuple[Module, Function, str] | None:
        for candidate in [kind, *self._list_heirs(kind)]:
            found = self._find_defined(candidate, name)
            if found is not None and not _is_left_to_subclasses(found[1]):
                return *found, candidate
        return None

    def _find_defined(self, kind: str, name: str) -> tuple[Module, Function] | None:
        module, node = self.house.definitions[kind]
        assert isinstance(node, ast.ClassDef)
        for child in node.body:
            if isinstance(child, Function) and child.name == name:
                return module, child
        found = (self._find_defined(base, name) for base in self._bases_of(kind))
        return next((one for one in found if one), None)

    def _list_heirs(self, kind: str) -> list[str]:
        """Return the classes below one, those with most lines first."""
        classes = {
            full: node
            for full, (_, node) in self.house.definitions.items()
            if isinstance(node, ast.ClassDef)
        }
        heirs = [full for full in classes if self._descends(full, kind)]
        return sorted(heirs, key=lambda full: -_length(classes[full]))

    def _descends(self, full: str, kind: str) -> bool:
        bases = self._bases_of(full)
        return kind in bases or any(self._descends(base, kind) for base in bases)


def _read_annotated(child: ast.stmt) -> tuple[str, ast.expr | None]:
    """Return the name and annotation of a field or a property in a class."""
    if isinstance(child, ast.AnnAssign):
        return _dotted(child.target) or "", child.annotation
    if isinstance(child, Function) and child.decorator_list:
        return child.name, child.returns
    return "", None


def _list_bindings(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return the targets that a statement binds, with their values."""
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        return [(node.target, node.value)]
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return [(node.optional_vars, node.context_expr)]
    if isinstance(node, ast.For | ast.comprehension):
        return [(node.target, node.iter)]
    return []


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a statement as they are run: arguments before their call."""
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.For | ast.comprehension):
        # What it goes through, then its target, which the rest reads.
        yield from _in_order(node.iter)
        yield node
        children = [child for child in children if child is not node.iter]
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        children.sort(key=lambda child: not isinstance(child, ast.comprehension))
    for child in children:
        yield from _in_order(child)
    if not isinstance(node, ast.For | ast.comprehension):
        yield node


def _dotted(node: ast.AST | None) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        start = _dotted(node.value)
        return f"{start}.{node.attr}" if start else None
    return None


def _is_left_to_subclasses(function: Function) -> bool:
    """Return whether a method has no body of its own: a docstring, `...`, or a raise."""
    left = [
        statement
        for statement in function.body
        if not (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        )
    ]
    return not left or (len(left) == 1 and "NotImplementedError" in ast.unparse(left[0]))


# ── Faces ──────────────────────────────────────────────────────────────────────────────


def count_presenters(house: House) -> list[Figure]:
    """Count the library's modules outside `show/` that lay out what a reader sees.

    Such a module makes, defines or prints at least three parts of a page: tables,
    sections, listings, reports, headings.
    """
    others = ("show", "widgets", "seedling")
    outside = [m for m in house.library if _room_of(m.name) not in others]
    found = [m for m in outside if _count_parts(m) >= 3]
    inside = [m for m in house.library if _room_of(m.name) == "show"]
    return [
        _count_modules("modules that present, beside show/", found),
        _count_modules("modules of show/", inside),
    ]


def _count_modules(name: str, modules: Sequence[Module]) -> Figure:
    lines = sum(module.lines for module in modules)
    places = tuple(f"{module.path} {module.lines} lines" for module in modules)
    return Figure(name, f"{len(modules)} ({lines} lines)", places)


def _count_parts(module: Module) -> int:
    made = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in DOCUMENT_PARTS
    ]
    defined = [
        node
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name in DOCUMENT_PARTS
    ]
    printed = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in PRINTED_PARTS
        and _dotted(node.func.value) != "self"
    ]
    return len(made) + len(defined) + len(printed)


def count_by_hand(house: House) -> list[Figure]:
    """Count how often each of these small functions is defined anew."""
    figures = []
    for name in BY_HAND:
        places = [
            module.at(node, name)
            for module in house.modules.values()
            for node in walk_functions(module)
            if node.name == name
        ]
        figures.append(Figure(f"definitions of {name}", str(len(places)), tuple(places)))
    return figures


def count_loaded(house: House) -> list[Figure]:
    """Count the library's modules that `import prompt_or_tune.checks.comparing` loads."""
    code = (
        "import json, sys; import prompt_or_tune.checks.comparing; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = _ask_python(house.root, code)
    name = "modules that importing checks.comparing loads"
    if loaded is None:
        return [Figure(name, "can't be imported")]
    ours = [m for m in loaded if m == LIBRARY or m.startswith(f"{LIBRARY}.")]
    heavy = [m for m in ("matplotlib", "ipywidgets", "torch") if m in loaded]
    return [
        Figure(name, str(len(ours)), tuple(ours)),
        Figure("heavy ones among them", ", ".join(heavy) or "none"),
    ]


def _ask_python(root: Path, code: str) -> list[Any] | None:
    """Return the JSON list that a fresh Python prints, with a checkout on its path."""
    folders = [root / "course", root, root / "solutions"]
    path = os.pathsep.join(str(folder.resolve()) for folder in folders)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return None
    answer: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def count_options(house: House) -> list[Figure]:
    """Count the parameters of the command `decide`, and its help's first group.

    The first group is what stands under "Options", without `--help`.
    """
    code = (
        "import json, typer; from prompt_or_tune.cli.app import app; "
        "command = typer.main.get_command(app).commands['decide']; "
        "print(json.dumps([[p.name, p.param_type_name, "
        "getattr(p, 'rich_help_panel', None) or ''] "
        "for p in command.params if not getattr(p, 'hidden', False)]))"
    )
    found = _ask_python(house.root, code)
    if found is None:
        return [Figure("parameters of `decide`", "can't be asked")]
    first = [name for name, kind, panel in found if kind == "option" and not panel]
    return [
        Figure("parameters of `decide`", str(len(found)), tuple(p[0] for p in found)),
        Figure("options in the first group of its help", str(len(first)), tuple(first)),
    ]


# ── Functions ──────────────────────────────────────────────────────────────────────────


def _length(node: Definition) -> int:
    """Return the lines from `def` or `class` to the last, decorators left out."""
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def count_long_functions(house: House) -> list[Figure]:
    """Count functions and methods over 40 lines, docstrings and signatures included."""
    found = sorted(
        (
            (_length(node), module.at(node, node.name))
            for module in house.modules.values()
            for node in walk_functions(module)
        ),
        reverse=True,
    )
    long = [f"{place} {lines}" for lines, place in found if lines > LONG]
    return [
        Figure(f"functions over {LONG} lines", str(len(long)), tuple(long)),
        Figure("the longest function, in lines", str(found[0][0]), (found[0][1],)),
    ]


def count_idle_defaults(house: House) -> Figure:
    """Count defaults that no caller outside the tests ever changes.

    Those of top-level functions, methods and constructors written by hand; of all with
    that name, as calls are told by their last name alone. A call changes a default when
    it gives the argument, by keyword, by position or by `**`. Callers are library,
    autograde, workshop and notebooks. Left out: what a command's options set, and
    fields of dataclasses, and methods that another package's class prescribes.
    """
    given = _collect_calls(house)
    idle, total = [], 0
    for module in house.modules.values():
        for owner, function in _list_callables(house, module):
            for position, name in _list_defaults(function, method=bool(owner)):
                total += 1
                called = owner if function.name == "__init__" else function.name
                if not any(call.gives(position, name) for call in given[called]):
                    where = f"{owner}.{function.name}" if owner else function.name
                    idle.append(module.at(function, f"{where}({name})"))
    return Figure(
        "defaults that no caller changes", f"{len(idle)} of {total}", tuple(idle)
    )


@dataclass(frozen=True)
class Call:
    """What a call hands over: how many by position, and which by keyword."""

    positional: int
    keywords: frozenset[str]
    open_ended: bool

    def gives(self, position: int | None, name: str) -> bool:
        """Return whether a parameter is given, by its name or position."""
        by_position = position is not None and position < self.positional
        return self.open_ended or by_position or name in self.keywords


def _collect_calls(house: House) -> dict[str, list[Call]]:
    calls: dict[str, list[Call]] = defaultdict(list)
    for module in (*house.modules.values(), *house.notebook_texts):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                name, arguments = _last_name(node.func), node.args
                if name == "partial" and arguments:
                    name, arguments = _last_name(arguments[0]), arguments[1:]
                calls[name].append(_describe_call(arguments, node.keywords))
    return calls


def _describe_call(
    arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]
) -> Call:
    spread = any(isinstance(a, ast.Starred) for a in arguments)
    spread |= any(keyword.arg is None for keyword in keywords)
    names = frozenset(keyword.arg for keyword in keywords if keyword.arg)
    return Call(len(arguments), names, spread)


def _list_callables(house: House, module: Module) -> Iterator[tuple[str, Function]]:
    """Yield top-level functions and methods with their class; commands left out."""
    for node in module.tree.body:
        if isinstance(node, Function) and not _is_command(node):
            yield "", node
        if isinstance(node, ast.ClassDef):
            foreign = any(_is_foreign(house, module, base) for base in node.bases)
            for child in node.body:
                if isinstance(child, Function) and not foreign:
                    yield node.name, child


def _is_foreign(house: House, module: Module, base: ast.expr) -> bool:
    name = _last_name(base)
    return house.resolve(module, name) is None and name not in OWN_RULES


def _is_command(function: Function) -> bool:
    names = {
        _last_name(d.func if isinstance(d, ast.Call) else d)
        for d in function.decorator_list
    }
    return bool(names & {"command", "callback", "overload"})


def _list_defaults(
    function: Function, *, method: bool
) -> Iterator[tuple[int | None, str]]:
    """Yield parameters with a default: position in a call (None if by keyword), name."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    bound = method and not any(
        _last_name(d) == "staticmethod" for d in function.decorator_list
    )
    first = len(positional) - len(arguments.defaults)
    for index, argument in enumerate(positional[first:], first):
        yield index - bound, argument.arg
    for argument, default in zip(
        arguments.kwonlyargs, arguments.kw_defaults, strict=True
    ):
        if default is not None:
            yield None, argument.arg


# ── Notebooks and size ─────────────────────────────────────────────────────────────────


def count_imports(house: House) -> list[Figure]:
    """Count the lines of each notebook's import cell, and the library's modules in it."""
    figures = []
    for path in sorted((house.root / "course").glob("*/*.ipynb")):
        source = _read_import_cell(path)
        modules = _list_library_modules(source)
        value = f"{len(source.splitlines())} lines, {len(modules)} modules"
        figures.append(Figure(f"import cell of {path.stem}", value, tuple(modules)))
    return figures


def _read_import_cell(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for tag in ("imports", "setup"):
        for cell in cells:
            if tag in cell["metadata"].get("tags", ()):
                lines = [line for line in cell["source"] if "%pip" not in line]
                return "".join(lines).replace('if "google.colab"', "pass; 0  #")
    return ""


def _list_library_modules(source: str) -> list[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return sorted(name for name in found if _wing_of(name) == LIBRARY)


def count_lines(house: House) -> list[Figure]:
    """Count the lines of the Python files of each wing, and of all."""
    lines = Counter(dict.fromkeys(WINGS, 0))
    for module in house.modules.values():
        lines[_wing_of(module.name)] += module.lines
    each = [Figure(f"lines of {WINGS[wing]}", str(n)) for wing, n in lines.items()]
    return [*each, Figure("lines of all three", str(lines.total()))]


# ── The table ──────────────────────────────────────────────────────────────────────────

COUNTS: tuple[Callable[[House], Figure | list[Figure]], ...] = (
    count_circles,
    count_arrows_up,
    count_names_asked,
    count_measurers,
    count_stays,
    count_presenters,
    count_by_hand,
    count_loaded,
    count_options,
    count_long_functions,
    count_idle_defaults,
    count_imports,
    count_lines,
)


def count_house(root: Path) -> list[Figure]:
    """Return every figure of a checkout."""
    house = House(root)
    figures: list[Figure] = []
    for count in COUNTS:
        found = count(house)
        figures += found if isinstance(found, list) else [found]
    return figures


def print_table(columns: Sequence[tuple[str, Sequence[Figure]]]) -> None:
    """Print figures, the checkouts side by side."""
    values = [{f.name: f.value for f in figures} for _, figures in columns]
    names = dict.fromkeys(name for one in values for name in one)
    rows = [["figure", *(title for title, _ in columns)]]
    rows += [[name, *(one.get(name, "–") for one in values)] for name in names]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(" | ".join(cells).rstrip())


def print_places(title: str, figures: Iterable[Figure], start: str) -> None:
    """Print the places behind the figures whose name begins like this."""
    for figure in figures:
        if figure.name.startswith(start):
            print(f"{title}: {figure.name}: {figure.value}")
            for place in figure.places:
                print(f"  {place}")


def main() -> None:
    """Count, and print a table, JSON or places."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("roots", nargs="*", type=Path, default=[Path()], metavar="ROOT")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--list", metavar="NAME", help="print the places of a figure")
    arguments = parser.parse_args()
    columns = [(str(root), count_house(root)) for root in arguments.roots]
    if arguments.json:
        tables = {t: {f.name: f.value for f in figures} for t, figures in columns}
        print(json.dumps(tables, indent=2, ensure_ascii=False))
    elif arguments.list is not None:
        for title, figures in columns:
            print_places(title, figures, arguments.list)
    else:
        print_table(columns)


if __name__ == "__main__":
    main()
