"""The operations that ship with the platform, one module each; importing the package registers them."""

from enrichment_platform.cleaning.operations import (
    collapse_whitespace,
    drop_blank,
    drop_repetition,
    fix_mojibake,
    html_to_text,
    mask_pii,
    min_length,
    quarantine_injection,
    remove_invisible,
    strip_email,
    truncate_text,
    unicode_nfc,
)

__all__ = [
    "collapse_whitespace",
    "drop_blank",
    "drop_repetition",
    "fix_mojibake",
    "html_to_text",
    "mask_pii",
    "min_length",
    "quarantine_injection",
    "remove_invisible",
    "strip_email",
    "truncate_text",
    "unicode_nfc",
]
