"""Expansion of `${VARIABLE}` and `~` at run time, so that secrets and places stay out of the YAML."""

from __future__ import annotations

import os
import re

from enrichment_platform.errors import SourceError

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand(text: str, field: str) -> str:
    """The text with each `${VARIABLE}` replaced by its value.

    Args:
        text: The text of the YAML.
        field: Name of the YAML field, for the message.

    Raises:
        SourceError: Variables are not set; the message names all of them.
    """
    missing = sorted({name for name in VARIABLE.findall(text) if name not in os.environ})
    if missing:
        names = ", ".join(missing)
        raise SourceError(
            f"{field} uses {names}, which {'is' if len(missing) == 1 else 'are'} not set in the environment:"
            f" set {names} where the run starts"
        )
    return VARIABLE.sub(lambda match: os.environ[match.group(1)], text)


def expand_path(text: str, field: str) -> str:
    """As `expand`, and a leading `~` becomes the home folder."""
    return os.path.expanduser(expand(text, field))
