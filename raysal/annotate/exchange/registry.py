"""All formats. To add one, write a `Format` in a file of its own and add it here."""

from __future__ import annotations

from raysal.annotate.exchange.bundle import Bundle
from raysal.annotate.exchange.coco import Coco
from raysal.annotate.exchange.cvat import Cvat
from raysal.annotate.exchange.format import Format
from raysal.annotate.exchange.label_studio import LabelStudio
from raysal.annotate.exchange.png import Png
from raysal.errors import ConfigError, DataError, did_you_mean

# In this order they are looked for: masks are also parts of the other ones.
_ALL: tuple[Format, ...] = (Cvat(), Coco(), LabelStudio(), Png())
FORMATS: dict[str, Format] = {each.name: each for each in _ALL}


def format_named(name: str) -> Format:
    """The format of a name.

    Raises:
        ConfigError: there is none.
    """
    if name not in FORMATS:
        raise ConfigError(f"--as {name}: unknown format{did_you_mean(name, FORMATS)}")
    return FORMATS[name]


def format_of(bundle: Bundle) -> Format:
    """The format that files are in.

    Raises:
        DataError: it cannot be told, or is one that is not read; says what was looked for.
    """
    for each in _ALL[:-1]:
        if each.recognise(bundle):
            others = [e for e in _ALL[:-1] if e is not each and e.recognise(bundle)]
            if others:
                names = " and ".join(e.name for e in (each, *others))
                raise DataError(f"{bundle.path} may be {names}; say which with --as")
            return each
    if _ALL[-1].recognise(bundle):
        return _ALL[-1]
    looked_for = "; ".join(f"{each.described} ({each.name})" for each in _ALL)
    raise DataError(f"{bundle.path} holds no labels that are known; looked for: {looked_for}")
