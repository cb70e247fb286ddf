"""Text from elsewhere that is shown and not obeyed: by a terminal, and by what renders Markdown."""

import re
import unicodedata

# Control, format (direction marks, zero-width), surrogate, private, unassigned; line and paragraph separators.
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# HTML, links and images, entities; addresses that GFM makes links of by itself.
_ACTIVE = re.compile(r"[\\<\[\]&@]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def printable(text: str) -> str:
    """Replace control, format and other invisible characters by their escapes; line breaks (LF) stay.

    A terminal obeys escape sequences in whatever is printed, and row ids and cells are not ours.
    """
    return "".join(
        ascii(char)[1:-1] if char != "\n" and unicodedata.category(char) in _INVISIBLE else char for char in text
    )


def inert_markdown(text: str) -> str:
    """The text on one line, with a backslash before what Markdown would make a link, an image or HTML of.

    The Dagster UI renders descriptions of checks and of their results as Markdown; text and JSON metadata it does not.
    """
    return _ACTIVE.sub(r"\\\g<0>", printable(" ".join(text.split("\n"))))
