"""The press: a template's name and its data in, an accessible PDF (PDF/UA-1) or pictures out; nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import typst

_HOME: Final = Path(str(files("phr.typeset")))
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")


class BadTemplateError(Exception):
    """A template that is not there, or that its data does not fit. The text names the template, never the data."""


class Press:
    """Sets templates of ``phr/typeset/templates``. One press is used again and again: it keeps its fonts in memory.

    Data goes in as JSON (``#let data = json(bytes(sys.inputs.data))``) and so can never become markup.
    """

    @cached_property
    def _compiler(self) -> typst.Compiler:
        return typst.Compiler(font_paths=[_HOME / "fonts"], ignore_system_fonts=True, root=_HOME)

    def pdf(self, template: str, data: Mapping[str, Any], at: datetime) -> bytes:
        """The template as PDF/UA-1; ``at`` is the moment that the file states, so that equal data give equal bytes."""
        return self._pages(template, data, at, "pdf")[0]

    def pictures(
        self, template: str, data: Mapping[str, Any], at: datetime, ppi: float = 72.0
    ) -> list[bytes]:
        """Each page as PNG, to be looked at."""
        return self._pages(template, data, at, "png", ppi)

    def _pages(
        self,
        template: str,
        data: Mapping[str, Any],
        at: datetime,
        kind: Literal["pdf", "png"],
        ppi: float | None = None,
    ) -> list[bytes]:
        path = _HOME / "templates" / f"{template}.typ"
        if not _NAME.fullmatch(template) or not path.is_file():
            raise BadTemplateError(f"no template {template!r}")
        inputs = {"data": orjson.dumps(data).decode()}
        try:
            made = self._compiler.compile(
                path,
                format=kind,
                ppi=ppi,
                sys_inputs=inputs,
                pdf_standards=["ua-1"] if kind == "pdf" else [],
                timestamp=int(at.timestamp()),
            )
        except typst.TypstError as error:
            raise BadTemplateError(f"the template {template!r} does not fit its data") from error
        return [page for page in (made if isinstance(made, list) else [made]) if page is not None]
