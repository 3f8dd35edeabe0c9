"""Printed documents: the source of a form made into a PDF by typst, in memory, from fonts that come with it.

The result is PDF/A-2a and PDF/UA-1 (ISO 19005-2, ISO 14289-1), its fonts embedded, and the same bytes for the same
source on every machine: neither system fonts nor the clock are asked, and no file of this machine can be read.

Left to others: the source (`comity.views.forms.typeset`), signatures on the PDF.
"""

from __future__ import annotations

import os
from typing import Any

import typst

from comity.errors import Malformed

_OPTIONS: dict[str, Any] = {  # the part's type information takes one type for the source and all paths
    "format": "pdf",
    "pdf_standards": ["a-2a", "ua-1"],
    "timestamp": 0,
    "ignore_system_fonts": True,
    "root": os.devnull,  # files of this machine are out of reach
    "package_path": os.devnull,
    "package_cache_path": os.devnull,
}


def render(source: str, *, font_folders: tuple[str, ...] = ()) -> bytes:
    """The PDF of a typst ``source``. ``font_folders``: more fonts, for scripts that the packaged ones lack.

    Raises Malformed when the source cannot be set, for instance because no font has a character of a name: a document
    with a hole in it is never made.
    """
    try:
        return bytes(typst.compile(source.encode(), **_OPTIONS, font_paths=list(font_folders)))
    except typst.TypstError as exc:
        raise Malformed(
            f"The form cannot be printed: {exc}.",
            "If a font lacks a character, install one that has it and name its folder; the docket is not affected.",
        ) from exc
