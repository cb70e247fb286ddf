"""How the figures of the detection-power document were made, in words."""

METHOD = """## How it was measured

- **Data**: banking77 (13,083 questions, 77 intents in 7 topics: a label), CFPB complaints (6,827 pieces of 1,025
  narratives: a label, an amount with its quote, a confidence), CISA KEV (1,062 texts: vendor and product, quoted),
  PyPI advisories (1,725 texts: package and mending version, quoted). The labels are the data sets' own.
- **Model**: simulated. It is right 92% of the time, and errs on hard texts: towards the label whose TF-IDF centroid
  is nearest besides the right one, or to another span that the text has. 1% of its answers differ from one day to the
  next; 2% change when a row is asked again, 3% when the labels are reversed. The rate of errors differs by half a
  point from day to day, 1% of rows take two attempts, 0.1% have no answer.
- **Days** are no independent draws. The mix of classes is a Dirichlet draw, by which alone a 35% class has a
  between-day standard deviation of 2.1 points, around a mean with effects of the weekday (5%) and a trend (8% in 30
  days); for the two quoted data sets, the classes are vendors and lengths. On a tenth of the days one topic takes 2 to
  6% of the rows. A day's rows are lognormal (20%), weekends have three quarters. 2% of the rows share their text with
  another row.
- **History**: 30 days, kept as the platform keeps it, by the same functions: counts of each day, 250 rows of each of
  the last 20, and 60 golden rows a day from 300 that no day draws.
- **Texts** are drawn again and again and get a case number each. For banking77, no text that the shadow model learns
  from comes back today; at 20,000 rows a text comes up to three times within the day. Complaints are too few for that:
  pieces of one narrative stand on both sides (at 20,000 rows the same pieces), and the shadow model's recall there is
  optimistic for it. The two quoted data sets have no label, so nothing is learnt from their texts.
- **Faults** come from `enrichment_platform.checks.faults`, which was written apart from the detectors, and befall the
  provider's answers; golden rows have their share, rows of one text share one answer. One row in 2,000 is one row of
  the partition. What the engine makes of a broken answer is reproduced here; the real path (provider, engine, stage,
  suite, publication) is that of `enrichment selftest` and of the acceptance tests.
- **Found** means: a check failed, or a faulty row was set aside. On a clean day any failed check is a **false alarm**.
  Rows are **named** where they are set aside, or among the ids of a failed check (at most 100 a check, so that the
  share of rows named falls where many are faulty). Intervals are 95% Wilson intervals; days of one history share its
  luck, so the true ones are somewhat wider.
- **Baselines** see the same tables: a Pandera schema alone; three sigma on shares of labels, null rates and the row
  count; PSI > 0.2 on labels. They are not told of rows without an answer, as teams drop these.
- The shadow model is trained once a history and kept, as what it learns depends on nothing else; the time of a suite
  in the bar is CPU time on one core with nothing kept.
"""
