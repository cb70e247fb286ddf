"""Text for a terminal: control and direction characters are shown, not obeyed."""

import unicodedata


def printable(text: str) -> str:
    """Replace control, format and other invisible characters by their escapes; line breaks stay.

    A terminal obeys escape sequences in whatever is printed, and row ids and cells are not ours.
    """
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn") else ascii(char)[1:-1]
        for char in text
    )
