"""What is shown of an image."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raysal.annotate.tool.recent import Recent
from raysal.data.pixel_format import PixelFormat
from raysal.data.visible import visible_image
from raysal.errors import DataError
from tests.support.asked_images import SIZE, asked_image, image_file
from tests.support.channel_files import deep_png, numbers, tiff
from tests.support.labelling import MadeUp, Served, served

TURNED = 6


def serving(folder: Path, data: bytes, size: tuple[int, int] = SIZE) -> Served:
    return served(MadeUp(folder, [asked_image("a", size, data=data), asked_image("b")]))


def shown(server: Served) -> tuple[str, bytes]:
    found = server.person().get(f"images/{server.key()}/picture")
    assert found.status_code == 200, found.text
    return found.headers["content-type"], found.content


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("BMP", "image/bmp")],
)
def test_files_that_browsers_show_are_sent_as_they_are(
    tmp_path: Path, kind: str, media_type: str
) -> None:
    data = image_file(SIZE, kind)
    assert shown(serving(tmp_path, data)) == (media_type, data)


def test_others_are_sent_as_png(tmp_path: Path) -> None:
    data = image_file(SIZE, "TIFF")
    kind, sent = shown(serving(tmp_path, data))
    assert kind == "image/png"
    both = [np.asarray(Image.open(io.BytesIO(each))) for each in (data, sent)]
    np.testing.assert_array_equal(*both)


def test_turned_pictures_are_sent_upright(tmp_path: Path) -> None:
    data = image_file(SIZE, "PNG", TURNED)
    kind, sent = shown(serving(tmp_path, data, SIZE[::-1]))
    picture = Image.open(io.BytesIO(sent))
    assert (kind, picture.size) == ("image/png", SIZE)
    assert picture.getexif().get(0x112, 1) == 1


def test_the_browser_keeps_a_picture(tmp_path: Path) -> None:
    server = serving(tmp_path, image_file(SIZE))
    ann = server.person()
    url = f"images/{server.key()}/picture"
    etag = ann.get(url).headers["etag"]
    assert ann.get(url, headers={"if-none-match": etag}).status_code == 304


@pytest.mark.parametrize(
    "data",
    [b"", b"no image", image_file((240, 360))[:3000]],
    ids=["empty", "no image", "truncated"],
)
def test_a_picture_that_cannot_be_read(tmp_path: Path, data: bytes) -> None:
    """It is said and skipped, and the image can be set aside so that the run goes on."""
    server = serving(tmp_path, data, (240, 360))
    ann = server.person()
    found = ann.get(f"images/{server.key()}/picture")
    assert found.status_code == 404
    assert "cannot be read" in found.json()["why"]
    entry = ann.entry()
    assert (entry["state"], entry["forYou"]) == ("unreadable", False)
    assert entry["why"]
    assert ann.about()["layers"]["picture"] is False
    assert ann.get(f"images/{server.key()}/thumbnail").status_code == 404
    assert ann.entry(1)["state"] == "open"
    assert ann.save(state="unusable", note="cannot be read").json()["state"] == "unusable"
    assert ann.entry()["state"] == "unusable"


def test_a_picture_whose_size_has_changed(tmp_path: Path) -> None:
    server = serving(tmp_path, image_file((10, 12)))
    found = server.person().get(f"images/{server.key()}/picture")
    assert "10x12" in found.json()["why"]


def test_a_picture_that_comes_back(tmp_path: Path) -> None:
    place = MadeUp(tmp_path)
    image, (good, there) = place.asked.images[0], (image_file(SIZE), [False])

    def read() -> bytes:
        if not there[0]:
            raise DataError("the disk is away")
        return good

    object.__setattr__(image, "read", read)
    server = served(place)
    ann = server.person()
    url = f"images/{server.key()}/picture"
    assert ann.get(url).status_code == 404
    there[0] = True
    assert ann.get(url).status_code == 200
    assert ann.entry()["state"] == "open"


def test_thumbnails(tmp_path: Path) -> None:
    server = serving(tmp_path, image_file((600, 400)), (600, 400))
    found = server.person().get(f"images/{server.key()}/thumbnail")
    assert found.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(found.content)).size == (128, 192)


def test_what_is_said_of_an_image(server: Served) -> None:
    about = server.person().about(2)
    assert about["rectangles"] == [[2, 3, 8, 9], [12, 20, 10, 16]]
    assert (about["whole"], about["answer"], about["size"]) == (False, None, list(SIZE))
    assert about["layers"] == {
        "picture": True, "superpixels": None, "prediction": None, "map": None, "extended": None,
    }  # fmt: skip


def test_layers_that_will_never_be_there(server: Served) -> None:
    ann = server.person()
    for layer in ("superpixels/fine", "prediction", "map", "extended", "superpixels/x", "other"):
        found = ann.get(f"images/{server.key()}/{layer}")
        assert (found.status_code, bool(found.json()["why"])) == (404, True), layer
    body = {"grain": "fine", "region": None, "seeds": [[0, 1]]}
    url = f"/api/images/{server.key()}/fill"
    assert ann.client.post(url, json=body).status_code == 404
    for wrong in ({"seeds": [[0, 4]]}, {"region": 1}, {"grain": "x"}, {"seeds": [[0]]}):
        assert ann.client.post(url, json={**body, **wrong}).status_code == 422


def test_thumbnails_that_were_used_last_are_kept() -> None:
    kept = Recent(100)
    for key in "abc":
        kept.put(key, bytes(40))  # The third is too much.
    assert [kept.get(key) is not None for key in "abc"] == [False, True, True]
    assert kept.get("b") is not None  # Used again: "c" is the oldest now.
    kept.put("d", bytes(40))
    assert [kept.get(key) is not None for key in "bcd"] == [True, False, True]
    kept.put("b", bytes(60))  # Larger than before.
    assert [kept.get(key) is not None for key in "bd"] == [True, True]
    kept.put("e", bytes(101))
    assert [kept.get(key) is not None for key in "bde"] == [True, True, False]


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_are_sent_as_people_can_see_them(tmp_path: Path, channels: int) -> None:
    """A dim image of 16 bits would be black in a browser, and one of four bands no image."""
    values = numbers(*SIZE, channels) // 50
    data = tiff(values)
    server = serving(tmp_path, data)
    kind, sent = shown(server)
    assert kind == "image/png"
    picture = np.asarray(Image.open(io.BytesIO(sent)))
    assert np.array_equal(picture, visible_image(data, None))
    assert picture.max() == 255
    small = server.person().get(f"images/{server.key()}/thumbnail")
    assert small.status_code == 200
    with Image.open(io.BytesIO(small.content)) as thumbnail:
        assert np.asarray(thumbnail).mean() > 60


def test_what_is_handed_out_is_marked_in_what_people_see() -> None:
    from raysal.annotate.pictures import picture, suffix_of

    data = deep_png(numbers(*SIZE, 3) // 50)
    image = replace(asked_image("a", SIZE, data=data), rectangles=((2, 3, 5, 6),))
    assert suffix_of(image, data) == ".png"
    made = picture(image, data, drawn=True)
    assert made is not None
    found, whole = np.asarray(Image.open(io.BytesIO(made))), visible_image(data, None)
    assert np.array_equal(found[2:7, 3:9], whole[2:7, 3:9])
    assert not np.array_equal(found, whole)
    chosen = replace(image, pixels=PixelFormat(show=(2,)))
    other = picture(chosen, data, drawn=False)
    assert other is not None
    grey = np.asarray(Image.open(io.BytesIO(other)))
    assert np.array_equal(grey, visible_image(data, None, pixels=chosen.pixels))
    assert np.array_equal(grey[..., 0], grey[..., 2])
