"""The Enrichment component: one YAML file in, four partitioned assets with checks and a schedule out."""

from __future__ import annotations

from typing import Self, get_args

import dagster as dg
from pydantic import BaseModel

from enrichment_platform.checks import check_setting_problems, custom_problems
from enrichment_platform.cleaning import check_steps
from enrichment_platform.components.attributes import checked, rendered
from enrichment_platform.components.model_pool import ModelPool
from enrichment_platform.components.scaffold import EnrichmentScaffolder
from enrichment_platform.errors import InputError
from enrichment_platform.inference.pool import DEFAULT_POOL, ModelPoolSpec
from enrichment_platform.inference.prompt import prompt_problems
from enrichment_platform.kubernetes import check_pods, profile_of
from enrichment_platform.spec import DataClass, EnrichmentSpec
from enrichment_platform.stages.classified import classified_asset
from enrichment_platform.stages.cleaned import cleaned_asset
from enrichment_platform.stages.enriched import enriched_asset
from enrichment_platform.stages.partitions import partitions_definition
from enrichment_platform.stages.raw import raw_asset
from enrichment_platform.stages.schedule import enrichment_job, enrichment_schedule
from enrichment_platform.stages.suite import suite_checks


@dg.scaffold_with(EnrichmentScaffolder)
class Enrichment(dg.Component, EnrichmentSpec):
    """Enriches a table with a language model: `raw -> cleaned -> classified -> enriched`, partitioned and checked.

    Declares source, partitions, cleaning steps, prompt, output fields, model pool, data class, check settings,
    schedule and freshness. `dg scaffold defs enrichment_platform.components.Enrichment NAME` writes a commented start.
    """

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The YAML attributes."""
        return EnrichmentSpec

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Build from YAML attributes; Dagster's templates are rendered everywhere but in the prompt."""
        return checked(cls, rendered(attributes, context, verbatim=("prompt",)))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The four assets, their checks, the job and the schedule.

        Raises:
            InputError: names each attribute that is wrong.
        """
        pool = self._pool(context)
        self._check(context, pool)
        job = enrichment_job(self)
        return dg.Definitions(
            assets=[
                raw_asset(self, context.project_root),
                cleaned_asset(self, context.project_root),
                classified_asset(self, pool, context.project_root),
                enriched_asset(self),
            ],
            asset_checks=[suite_checks(self, context.project_root)],
            jobs=[job],
            schedules=[enrichment_schedule(self, job)] if self.schedule else [],
        )

    def _check(self, context: dg.ComponentLoadContext, pool: ModelPoolSpec) -> None:
        partitions_definition(self.partitions)
        problems = [
            *check_steps(self),
            *prompt_problems(self.prompt, self.output),
            *check_setting_problems(self),
            *custom_problems(self),
            *(check_pods(self.pods) or self._unasked_server(pool)),
            *self._stricter_joins(context),
        ]
        if problems:
            where = f"{context.path.name}: " if context.path else ""
            raise InputError("\n".join(f"{where}attributes: {problem}" for problem in problems))

    def _unasked_server(self, pool: ModelPoolSpec) -> list[str]:
        """A server in the pod that the pool does not ask would hold a GPU for nothing."""
        profile = profile_of(self.pods.classified, "pods.classified")
        asked = any("${ENRICHMENT_ENDPOINT}" in getattr(endpoint, "base_url", "") for endpoint in pool.endpoints)
        if pool.name == DEFAULT_POOL.name or asked or (profile.vllm is None and profile.endpoint is None):
            return []
        return [
            f"pods.classified: the server of the profile {self.pods.classified.profile!r} would not be asked: the model"
            f" pool {pool.name!r} has endpoints of its own. Use `model: default`, or an endpoint with"
            " `base_url: ${ENRICHMENT_ENDPOINT}`"
        ]

    def _stricter_joins(self, context: dg.ComponentLoadContext) -> list[str]:
        """Rows of another enrichment that are joined go wherever ours go: ours must be at least as strict."""
        if not any(join.table for join in self.cleaning.join):
            return []
        order: tuple[str, ...] = get_args(DataClass)  # from the least strict one
        others = {one.name: one.data_class for one in context.component_tree.get_all_components(of_type=Enrichment)}
        problems = []
        for number, join in enumerate(self.cleaning.join):
            theirs = others.get((join.table or "").split(".")[0], self.data_class)
            if order.index(theirs) > order.index(self.data_class):
                problems.append(
                    f"cleaning.join.{number}.table: {join.table} is {theirs}, and {self.name} that joins it is only"
                    f" {self.data_class}; set `data_class: {theirs}` (or a stricter one), or leave the join out"
                )
        return problems

    def _pool(self, context: dg.ComponentLoadContext) -> ModelPoolSpec:
        pools: dict[str, ModelPoolSpec] = {DEFAULT_POOL.name: DEFAULT_POOL}
        written = context.component_tree.get_all_components(of_type=ModelPool)
        names = [pool.name for pool in written]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"attributes.name: there are several model pools named {', '.join(twice)}; rename all but one"
            )
        pools |= {pool.name: pool for pool in written}
        if self.model.pool not in pools:
            raise InputError(
                f"attributes.model.pool: there is no model pool {self.model.pool!r}; defined are"
                f" {', '.join(sorted(pools))} (add one with `type: enrichment_platform.components.ModelPool`)"
            )
        return pools[self.model.pool]
