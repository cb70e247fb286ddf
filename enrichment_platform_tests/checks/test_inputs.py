"""The tables that the suite looks at have one column of a name."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from enrichment_platform.checks.inputs import CONTROL_COLUMNS
from enrichment_platform.spec import SOURCE_TEXT
from enrichment_platform_tests.checks.tables import make_spec


@pytest.mark.parametrize("name", [*CONTROL_COLUMNS, SOURCE_TEXT])
def test_an_output_field_with_the_name_of_a_column_that_stands_beside_it_is_refused_at_load(name: str) -> None:
    with pytest.raises(ValidationError, match=f"'{name}' is a column of the platform; choose another name"):
        make_spec(output=[{"name": name, "type": "string"}])
