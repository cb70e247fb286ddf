"""The loaded code location, for the commands: its definitions and its enrichments by name."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import dagster as dg
from pydantic import ValidationError

from enrichment_platform.components import Enrichment, ModelPool
from enrichment_platform.errors import EnrichmentError, InputError
from enrichment_platform.inference.pool_spec import DEFAULT_POOL, ModelPoolSpec
from enrichment_platform.spec import EnrichmentSpec


@dataclass(frozen=True)
class Location:
    """Definitions of the location, the specs of its enrichments and of its model pools, and the project's root."""

    defs: dg.Definitions
    enrichments: dict[str, EnrichmentSpec]
    pools: dict[str, ModelPoolSpec]
    root: Path

    def enrichment(self, name: str) -> EnrichmentSpec:
        """The enrichment of that name.

        Raises:
            InputError: there is none; names those that there are.
        """
        if name not in self.enrichments:
            near = get_close_matches(name, self.enrichments, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise InputError(f"there is no enrichment {name!r}{hint} Known: {', '.join(sorted(self.enrichments))}")
        return self.enrichments[name]


def load_location() -> Location:
    """Load everything under defs/.

    Raises:
        InputError: a component's YAML is wrong; names file and field.
    """
    try:
        from enrichment_platform.definitions import defs

        tree = dg.ComponentTree.for_project(Path(__file__).parent)
        components = tree.get_all_components(of_type=Enrichment)
        pools: list[ModelPoolSpec] = [DEFAULT_POOL, *tree.get_all_components(of_type=ModelPool)]
        names = [component.name for component in components]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"attributes.name: {', '.join(twice)} is the name of more than one enrichment")
        enrichments: dict[str, EnrichmentSpec] = {component.name: component for component in components}
        return Location(defs(), enrichments, {pool.name: pool for pool in pools}, tree.project_root)
    except Exception as error:
        raise InputError(
            f"the enrichments cannot be loaded:\n{_reason(error)}\n`dg check defs` shows where in the file"
        ) from error


def _reason(error: BaseException) -> str:
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    for one in chain:
        if isinstance(one, EnrichmentError):
            return str(one)
        if isinstance(one, ValidationError):
            return "\n".join(
                f"{'.'.join(map(str, e['loc'])).strip('`')}: {e['msg'].removeprefix('Value error, ')}"
                for e in one.errors()
            )
    return f"{type(chain[-1]).__name__}: {chain[-1]}"
