"""Paper: letters and reports as PDF, set by Typst from templates of this folder with fonts that lie beside them."""

from phr.typeset.press import BadTemplateError, Press

__all__ = ["BadTemplateError", "Press"]
