"""Crops and colour scales of panels."""

from __future__ import annotations

import numpy as np
import pytest

from raysal.errors import ConfigError
from raysal.report.show.figures import check_inside
from raysal.report.show.panel import Heat, Picture, cropped, on_one_scale, scaled
from raysal.report.show.wanted import Figure, Wanted, box_of, chosen, pixel_of


def heat(values: np.ndarray, top: float) -> Heat:
    return Heat("a map", values, "nats", (0, top))


def test_a_crop_is_the_same_part_of_panels_of_any_size() -> None:
    box, size = (6, 8, 12, 16), (48, 64)
    assert scaled(box, size, (48, 64)) == box
    assert scaled(box, size, (96, 128)) == (12, 16, 24, 32)
    assert scaled(box, size, (8, 8)) == (1, 1, 2, 2)
    assert scaled((0, 0, 1, 1), size, (4, 4))[2:] == (1, 1)
    values = np.arange(48 * 64, dtype=np.float32).reshape(48, 64)
    marked = Heat("a map", values, "nats", (0, 1), boxes=(box,), marks=((7, 9),))
    part = cropped(marked, box)
    assert isinstance(part, Heat)
    assert (part.values == values[6:18, 8:24]).all()
    assert (part.title, part.boxes, part.marks, part.span) == ("", (), (), (0, 1))
    picture = Picture("a picture", np.stack([values.astype(np.uint8)] * 3, -1))
    part = cropped(picture, box)
    assert isinstance(part, Picture)
    assert (part.rgb == picture.rgb[6:18, 8:24]).all()


def test_maps_that_are_compared_share_scale_and_bar() -> None:
    small, large = heat(np.full((2, 2), 1.0), 1.0), heat(np.full((2, 2), 3.0), 3.0)
    picture = Picture("", np.zeros((2, 2, 3), np.uint8))
    a, b, c, d = on_one_scale([small, picture, large, None])
    assert isinstance(a, Heat)
    assert isinstance(c, Heat)
    assert (a.span, c.span, a.bar, c.bar) == ((0, 3.0), (0, 3.0), False, True)
    assert (b, d) == (picture, None)
    assert on_one_scale([None, picture]) == [None, picture]


def test_names_and_numbers_of_options() -> None:
    assert chosen(Figure, "--figure", " levels, overview,levels") == ("levels", "overview")
    assert chosen(Figure, "--figure", None) == ()
    with pytest.raises(ConfigError, match=r"--figure: there is no 'level'; did you mean 'levels'"):
        chosen(Figure, "--figure", "level")
    assert pixel_of(" 3, 4") == (3, 4)
    assert box_of("1,2,3,4") == (1, 2, 3, 4)
    for wrong in ("3", "3,-4", "3,4,5", "a,b", "1.5,2"):
        with pytest.raises(ConfigError, match=r"--pixel '.*': give row, column in pixels"):
            pixel_of(wrong)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(crops=((0, 0, 49, 10),)),
        Wanted(crops=((40, 60, 8, 5),)),
        Wanted(crops=((0, 0, 0, 5),)),
        Wanted(pixels=((48, 0),)),
        Wanted(pixels=((0, 0), (0, 64))),
    ],
)
def test_crops_and_pixels_lie_in_the_image(wanted: Wanted) -> None:
    check_inside(Wanted(crops=((40, 60, 8, 4),), pixels=((47, 63),)), (48, 64))
    with pytest.raises(ConfigError, match=r"is not inside the model's input of 48x64 pixels"):
        check_inside(wanted, (48, 64))
