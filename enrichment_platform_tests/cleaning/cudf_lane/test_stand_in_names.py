"""The stand-in of the device tests has no function, parameter or enum member that pylibcudf 26.10 has not."""

# ruff: noqa: TID253 - collected where the wheels are installed only

import ast
import enum
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pylibcudf
import pytest

from enrichment_platform_tests.cleaning import pylibcudf_stand_in

pytestmark = pytest.mark.cudf
ROOT = Path(pylibcudf.__file__).parent


def members(space: SimpleNamespace, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in vars(space).items():
        here = f"{path}.{name}" if path else name
        if isinstance(value, SimpleNamespace):
            yield from members(value, here)
        else:
            yield here, value


MEMBERS = dict(members(pylibcudf_stand_in.pylibcudf))
FUNCTIONS = {path: value for path, value in MEMBERS.items() if inspect.isfunction(value)}
ENUMS = {path: value for path, value in MEMBERS.items() if isinstance(value, type) and issubclass(value, enum.Enum)}
CLASSES = {path: value for path, value in MEMBERS.items() if isinstance(value, type) and path not in ENUMS}
METHODS = [  # (class, method) that device.py calls, and the stub that declares it
    ("Column", "from_arrow", "column"),
    ("Column", "to_arrow", "column"),
    ("Column", "size", "column"),
    ("Column", "all_null_like", "column"),
    ("DataType", "__init__", "types"),
    ("Scalar", "from_py", "scalar"),
    ("Scalar", "to_py", "scalar"),
    ("Table", "__init__", "table"),
    ("Table", "columns", "table"),
    ("RegexProgram", "create", "strings/regex_program"),
]


def parameters(stub: str, name: str, owner: str | None = None) -> list[str]:
    """Parameter names that the package's stub declares."""
    body: list[ast.stmt] = ast.parse((ROOT / f"{stub}.pyi").read_text()).body
    if owner is not None:
        body = next(node for node in body if isinstance(node, ast.ClassDef) and node.name == owner).body
    [declared] = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == name]
    return [argument.arg for argument in declared.args.args]


def real(path: str) -> Any:
    found: Any = pylibcudf
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("path", FUNCTIONS)
def test_functions_have_these_parameters_in_this_order(path: str) -> None:
    assert callable(real(path))
    module, _, name = path.rpartition(".")
    ours = list(inspect.signature(FUNCTIONS[path]).parameters)
    assert parameters(module.replace(".", "/"), name)[: len(ours)] == ours


@pytest.mark.parametrize(("owner", "method", "stub"), METHODS)
def test_and_methods(owner: str, method: str, stub: str) -> None:
    [ours] = [value for value in CLASSES.values() if value.__name__ == owner]
    mine = [name for name in inspect.signature(getattr(ours, method)).parameters if name != "self"]
    theirs = [name for name in parameters(stub, method, owner) if name not in ("self", "cls")]
    assert theirs[: len(mine)] == mine


@pytest.mark.parametrize("path", ENUMS)
def test_and_members_of_enumerations(path: str) -> None:
    assert {member.name for member in ENUMS[path]} <= set(real(path).__members__)


def test_cudf_compares_and_adds_what_we_ask_for() -> None:
    kinds = pylibcudf.binaryop.BinaryOperator
    string, number, truth = (
        pylibcudf.DataType(kind) for kind in (pylibcudf.TypeId.STRING, pylibcudf.TypeId.INT32, pylibcudf.TypeId.BOOL8)
    )
    asked = [
        (string, kinds.NULL_NOT_EQUALS),
        (number, kinds.GREATER),
        (number, kinds.LESS_EQUAL),
        (truth, kinds.LOGICAL_AND),
        (truth, kinds.LOGICAL_OR),
    ]
    assert all(pylibcudf.binaryop.is_supported_operation(truth, kind, kind, operator) for kind, operator in asked)
    assert pylibcudf.reduce.is_valid_reduce_aggregation(truth, pylibcudf.aggregation.sum())
