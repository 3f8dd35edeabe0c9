"""The matters of the demonstration as they lie in files: who files which form, in order, and what is to come of it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from comity.errors import BadLaw


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of a matter: who takes it, with which form, and what is expected of it.

    ``watch`` names the Party on whose node its arrival and assessment are shown; ``due`` shows the duties after it;
    ``findings`` shows every finding with its provision, not only what is wanting;
    ``fetch`` reads the exhibit it names; ``rationale`` shows what the other side wrote.
    """

    party: str
    who: str
    step: str
    form: str = ""
    docket: str = ""
    expect: Literal["effect", "hold", "refuse"] = "effect"
    say: str = ""
    watch: str = ""
    due: bool = False
    findings: bool = False
    fetch: bool = False
    rationale: bool = False


class Matter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One matter. ``package``: an evidence package is made of it at the end."""

    title: str
    docket: str
    parties: tuple[str, str]
    steps: tuple[Act, ...]
    package: bool = False


def read_matter(folder: Path) -> Matter:
    """The matter in ``folder/matter.toml``. BadLaw names what is wrong in it."""
    try:
        return msgspec.toml.decode((folder / "matter.toml").read_bytes(), type=Matter)
    except (OSError, msgspec.MsgspecError) as exc:
        raise BadLaw(f"{folder / 'matter.toml'}: {exc}", "Mend the matter.") from exc


def packaged_matters() -> list[Path]:
    """The folders of the matters that travel with the program, in order."""
    root = Path(str(resources.files("comity.cli.demo").joinpath("matters")))
    return sorted(p.parent for p in root.glob("*/matter.toml"))
