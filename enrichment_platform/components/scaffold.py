"""What `dg scaffold defs` writes for an Enrichment: a commented starting point that loads."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

YAML = """\
type: enrichment_platform.components.Enrichment

attributes:
  name: {name}
  description: What this table holds and who reads it.
  owners: ["team:data"]                # e-mail addresses or team:name

  source:                              # type: file (default), sql or http
    path: data/{name}.csv              # file, glob, directory, s3://, https://; .gz/.zst; relative to the project
    key: id                            # column(s) that identify a row for ever
    timestamp: created_at              # column that places a row in a partition
    columns: [text]                    # kept besides them; {{ours: theirs}} renames; leave out to keep all
  partitions:
    type: daily                        # hourly, daily, weekly, monthly or static (keys, column)
    start: "2026-01-01"

  cleaning:                            # in order; on the prompt's columns unless `columns` says otherwise
    steps: [unicode_nfc, remove_invisible, collapse_whitespace, drop_blank]
    # duplicates: true                 # equal and nearly equal texts are linked and answered once
    # add: [language, estimated_tokens]

  prompt:
    columns: [text]                    # all that the model may see of a row
    system: You label short texts.
    template: "Text: {{{{ text }}}}"
    examples:
      - input: {{text: "The screen is cracked."}}
        output: {{topic: problem}}

  output:                              # label, string, number, integer, date, boolean or list
    - name: topic
      type: label
      description: what the text is about
      labels: {{problem: something does not work, question: something is asked, other: anything else}}

  model: default                       # a pool of defs/model_pools
  data_class: internal                 # public, internal, confidential or restricted
  budget: {{day: {{tokens: 20000000}}}}    # or usd; a run that reaches it stops, keeps what it has and says so
  checks:
    max_failed_share: 0.05             # more failing rows than this and the partition is not published
    # golden: {{path: data/{name}_golden.csv}}  # id, text, topic: known answers, asked unseen among the others
    # custom:                          # your own: of each row, or a share of the rows
    #   - {{name: no_short_problem, sql: "topic <> 'problem' or length(text) > 10"}}
    #   - {{name: share_of_other, rate: "topic = 'other'", max_shift: 0.1}}
  schedule: "0 6 * * *"                # fills the newest partition
  freshness: {{fail_after_hours: 36}}
"""

PYTHON = '''\
"""The {name} enrichment, in Python."""

import dagster as dg

from enrichment_platform.components import Enrichment


@dg.component_instance
def {name}(context: dg.ComponentLoadContext) -> Enrichment:
    return Enrichment.model_validate(
        {{
            "name": "{name}",
            "source": {{"path": "data/{name}.csv", "key": "id", "timestamp": "created_at", "columns": ["text"]}},
            "partitions": {{"type": "daily", "start": "2026-01-01"}},
            "cleaning": {{"steps": ["unicode_nfc", "remove_invisible", "collapse_whitespace", "drop_blank"]}},
            "prompt": {{"columns": ["text"], "system": "You label short texts.", "template": "Text: {{{{ text }}}}"}},
            "output": [
                {{"name": "topic", "type": "label", "labels": ["problem", "question", "other"]}},
            ],
            "model": "default",
        }}
    )
'''


class EnrichmentScaffolder(dg.Scaffolder):
    """Writes `defs.yaml` (or `component.py` with `--format python`), named after its folder."""

    def scaffold(self, request: dg.ScaffoldRequest) -> None:
        """Write the file."""
        name = Path(request.target_path).name
        if request.scaffold_format == "python":
            (request.target_path / "component.py").write_text(PYTHON.format(name=name))
        else:
            (request.target_path / "defs.yaml").write_text(YAML.format(name=name))
