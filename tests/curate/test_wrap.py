"""Model folders of exported networks: what they serve, and what is refused."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from raysal.acquisition.registry import STRATEGIES
from raysal.acquisition.selection.score_parts import read_parts
from raysal.acquisition.strategies.uncertainty import Entropy
from raysal.annotate.tool.prepare.guide import MapSource
from raysal.annotate.tool.prepare.uncertainty import map_of
from raysal.curate.score import score_pool
from raysal.curate.wrap import wrap_model
from raysal.data.decode import decode_image, encode_jpeg
from raysal.data.pixel_format import PixelFormat
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.errors import CheckpointError, ConfigError
from raysal.inference.own_size import predict_own_size
from raysal.models.checkpoint import FILE, load_model
from raysal.models.config import BatchLimits, ModelConfig
from raysal.progress import Silent
from tests.support import exported_network as networks
from tests.support.channel_files import tiff
from tests.support.commands import Raysal
from tests.support.exported_network import save_pt2, save_python, small
from tests.support.material import IMAGES, SIZE, Material

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives of the same network: any batch, batches of 4, images of any size."""
    folder = tmp_path_factory.mktemp("archives")
    save_pt2(folder / "any.pt2", small())
    save_pt2(folder / "four.pt2", small(), batch=4)
    save_pt2(folder / "sizes.pt2", small(), any_size=True)
    return folder


@pytest.fixture
def wrapped(archives: Path, material: Material, tmp_path: Path) -> Path:
    names = material.dataset.class_names
    return wrap_model(archives / "any.pt2", tmp_path / "wrapped", classes=names).folder


def scores(model: Path, material: Material, out: Path, **engine: Any) -> dict[str, float]:
    score_pool(
        model, material.pools["one shard"].uri, Entropy(), str(out),
        lambda: build_engine(EngineConfig.model_validate({"name": "local", **engine})), Silent(),
        precision="fp32",
    )  # fmt: skip
    return {row.image_id: row.score or np.nan for row in read_parts(str(out))}


def same(found: dict[str, float], expected: dict[str, float]) -> bool:
    assert len(set(expected.values())) == len(expected) == IMAGES
    return found == pytest.approx(expected, rel=1e-5)


def test_scores_are_those_of_the_module(
    archives: Path, wrapped: Path, material: Material, tmp_path: Path
) -> None:
    python = scores(save_python(tmp_path / "python", material, small()), material, tmp_path / "p")
    assert same(scores(wrapped, material, tmp_path / "a", score_batch=7), python)
    names = material.dataset.class_names
    four = wrap_model(archives / "four.pt2", tmp_path / "four", classes=names)
    assert four.exported.batch == BatchLimits(fewest=4, most=4)
    assert same(scores(four.folder, material, tmp_path / "f", score_batch=7), python)


def test_mean_and_deviation(archives: Path, material: Material, tmp_path: Path) -> None:
    names = material.dataset.class_names
    made = wrap_model(
        archives / "any.pt2", tmp_path / "w", classes=names, mean=MEAN, std=STD
    ).folder
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    seen = (torch.from_numpy(image).permute(2, 0, 1)[None] / 255.0 - _axes(MEAN)) / _axes(STD)
    with torch.no_grad():
        logits = torch.nn.functional.interpolate(
            small().eval()(seen), SIZE, mode="bilinear", align_corners=True
        )
    data = io.BytesIO()
    from PIL import Image

    Image.fromarray(image).save(data, "PNG")
    found = predict_own_size(load_model(made), data.getvalue(), "fp32").ids
    assert (found == logits[0].argmax(0).numpy()).mean() > 0.999
    plain = wrap_model(archives / "any.pt2", tmp_path / "v", classes=names).folder
    assert load_model(plain).digest != load_model(made).digest


def _axes(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values).view(1, -1, 1, 1)


def test_prediction_evaluation_and_a_map_to_label_with(
    wrapped: Path, material: Material, raysal: Raysal, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    (photos / "a.jpg").write_bytes(encode_jpeg(picture))
    raysal(
        "predict", wrapped, photos, "--out", tmp_path / "out", "--set", "engine.name=local"
    ).done("1 images predicted")
    config = tmp_path / "data.yaml"
    data = {**material.dataset.dump(), "test": 3}
    config.write_text(yaml.safe_dump({"data": data, "engine": {"name": "local"}}))
    raysal("evaluate", wrapped, config).done("3 images at 48x64", "mIoU ")
    raysal("evaluate", wrapped, config, "--set", "data.size=[96, 64]").refused(
        "takes images of 48x64 (height x width), not of 96x64"
    )
    seen = decode_image((photos / "a.jpg").read_bytes(), None)
    loaded = load_model(wrapped)
    _, map_hw = map_of(loaded, seen, "a", MapSource(kind="entropy"), "fp32")
    assert map_hw.shape == SIZE
    assert map_hw.max() > 0


def test_any_size(archives: Path, material: Material, tmp_path: Path) -> None:
    names = material.dataset.class_names
    with pytest.raises(ConfigError, match=r"images of any size; say which .* --size HEIGHT WIDTH"):
        wrap_model(archives / "sizes.pt2", tmp_path / "w", classes=names)
    made = wrap_model(archives / "sizes.pt2", tmp_path / "w", classes=names, size=(64, 80))
    assert (made.size, made.fixed_size) == ((64, 80), False)
    model = load_model(made.folder).model
    model.check_size((32, 40))
    with pytest.raises(CheckpointError, match="fails on 1 images of 104x40"):
        model.check_size((104, 40))


@pytest.mark.parametrize(
    "name", [kind().name for kind in STRATEGIES if kind().needs.names - {"probabilities"}]
)
def test_strategies_that_need_more(name: str, wrapped: Path, material: Material) -> None:
    (strategy,) = (kind() for kind in STRATEGIES if kind().name == name)

    def no_engine() -> Any:
        raise AssertionError("started")

    pool, out = material.pools["one shard"].uri, str(wrapped.parent / "scores")
    with pytest.raises((CheckpointError, ConfigError), match=r"gives only class prob|no scores to"):
        score_pool(wrapped, pool, strategy, out, no_engine, Silent())
    with pytest.raises(ConfigError, match="features: needs stages of a network, but an exported"):
        score_pool(wrapped, pool, Entropy(), out, no_engine, Silent(), features="aspp")


def test_it_is_not_trained(wrapped: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.name=exported is a network that raysal cannot"):
        load_model(wrapped).config.check()
    with pytest.raises(ValueError, match=r"model\.exported is missing"):
        ModelConfig(name="exported")


Spoil = Callable[[Path], Path]
BAD_NETWORKS: dict[str, tuple[type[networks.Small], dict[str, Any], str]] = {
    "dict": (networks.ReturnsDict, {}, r"returns a dict with out, aux for images \(1, 3, 48, 64\)"),
    "flat": (networks.Flat, {}, r"returns a tensor \(1, 11, 48\) .* needed are logits \(1, 11, h"),
    "ids": (networks.Classes, {}, r"returns a tensor \(1, 1, 6, 8\) of int64"),
    "not finite": (networks.NotFinite, {}, "the logits of the exported model are not finite"),
    "mixes": (networks.Mixes, {}, "depend on the other images in its batch; call eval"),
    "two inputs": (networks.TwoInputs, {"inputs": 2}, "takes 2 inputs; needed is one"),
    "channels": (networks.Small, {"channels": 4}, "images of 4 channels, --channels says 3$"),
    "size": (networks.Small, {"size": (56, 64)}, "for images of 56x64 .* only, --size says 48x64"),
}


@pytest.mark.parametrize("case", BAD_NETWORKS)
def test_networks_that_are_no_use(case: str, material: Material, tmp_path: Path) -> None:
    kind, options, message = BAD_NETWORKS[case]
    file = save_pt2(tmp_path / "x.pt2", kind(11, options.get("channels", 3), 4), **options)
    with pytest.raises(CheckpointError, match=message) as refused:
        wrap_model(
            file, tmp_path / "w", classes=material.dataset.class_names, size=SIZE,
            channels=3 if case == "channels" else None,
        )  # fmt: skip
    assert str(refused.value).startswith(str(file))
    assert not (tmp_path / "w").exists()


def changed(archive: Path, out: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy of an archive with other contents of its entries."""
    with zipfile.ZipFile(archive) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
    return out


class Runs:
    def __reduce__(self) -> Any:
        return print, ("code of the archive runs",)


def test_code_in_an_archive_is_not_run(
    archives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def with_code(name: str, content: bytes) -> bytes:
        return pickle.dumps(Runs()) if name.endswith("sample_inputs/model.pt") else content

    file = changed(archives / "any.pt2", tmp_path / "x.pt2", with_code)
    with pytest.raises(CheckpointError, match="holds Python objects or compiled code"):
        wrap_model(file, tmp_path / "w", classes=["a", "b"])

    def pickled(name: str, content: bytes) -> bytes:
        return content.replace(b'"use_pickle": false', b'"use_pickle": true')

    file = changed(archives / "any.pt2", tmp_path / "y.pt2", pickled)
    with pytest.raises(CheckpointError, match=r"Python objects or compiled code \(weight_0\)"):
        wrap_model(file, tmp_path / "w", classes=["a", "b"])
    assert "code of the archive" not in capsys.readouterr().out


def test_files_that_are_no_archives(archives: Path, raysal: Raysal, tmp_path: Path) -> None:
    def wrap(file: Path) -> Any:
        return raysal("model", "wrap", file, "--classes", "a,b", "--out", tmp_path / "w")

    wrap(tmp_path / "absent.pt2").refused("no exported model at", "absent.pt2")
    data = bytearray((archives / "any.pt2").read_bytes())
    file = tmp_path / "x.pt2"
    file.write_bytes(data[: len(data) // 2])
    wrap(file).refused("is no archive of torch.export, or is damaged")
    data[data.index(b"weight_0") + 100] ^= 1
    file.write_bytes(data)
    wrap(file).refused("x.pt2 is damaged: the content of ")
    torch.save(small().state_dict(), file)
    wrap(file).refused("is no archive of torch.export; write one with torch.export.save")
    with pytest.warns((DeprecationWarning, FutureWarning)):
        torch.jit.script(small()).save(file)
    wrap(file).refused("is a TorchScript archive; export the module again")
    file = changed(
        archives / "any.pt2",
        tmp_path / "z.pt2",
        lambda n, c: b"{}" if n.endswith("model.json") else c,
    )
    wrap(file).refused("cannot be opened by torch.export.load")


def test_other_numbers_of_classes(archives: Path, raysal: Raysal, tmp_path: Path) -> None:
    out, file = tmp_path / "w", archives / "any.pt2"
    raysal("model", "wrap", file, "--classes", "a,b,c", "--out", out).refused(
        "any.pt2: the exported model has 11 classes, not 3"
    )
    raysal("model", "wrap", file, "--out", out).refused("say which classes it has: --classes")
    raysal("model", "wrap", file, "--classes", "a", "--out", out).refused("1 classes; give 2 to")
    raysal("model", "wrap", file, "--classes", "a,a", "--out", out).refused("'a' is given twice")
    names = tmp_path / "names.txt"
    names.write_text("\n".join(f"class {n}" for n in range(11)))
    call = ("model", "wrap", file, "--classes", names, "--out", out)
    raysal(*call).done("48x64, height x width (no other size)", "1 or more", "11 classes: class 0,")
    raysal(*call).refused("holds a model already")
    zero = ("--std", "0,1,1")
    raysal("model", "wrap", file, "--classes", names, "--out", tmp_path / "v", *zero).refused(
        "--std", "std must be above 0"
    )


FOUR = (0.1, 0.2, 0.3, 0.4)
BANDS: dict[str, tuple[Any, ...]] = {
    "archive takes 4": (("--channels", 2), "x.pt2 takes images of 4 channels, --channels says 2"),
    "mean": (("--mean", "0.1,0.2"), "--mean: mean has 2 numbers, channels is 4"),
    "std": (("--std", "1,1,1,-1"), "--std: std must be above 0"),
    "words": (("--mean", "a,b"), "--mean a,b: write numbers with commas"),
    "no numbers": (("--mean", "nan,1,1,1"), "--mean nan,1,1,1: write numbers with commas"),
    "range": (("--range", "9,9"), "--range: range must be"),
    "one number": (("--range", "9"), "--range 9: write two values, such as 0,4095"),
}


def test_other_channels(material: Material, raysal: Raysal, tmp_path: Path) -> None:
    """Four bands of 12 bits: what the network is given is checked by hand."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = networks.Small(3, 4, 4).eval()
    file = save_pt2(tmp_path / "x.pt2", network, channels=4)
    out = tmp_path / "w"
    call = ("model", "wrap", file, "--classes", "a,b,c", "--out", out)
    for options, message in BANDS.values():
        raysal(*call, *options).refused(message)
    values = ",".join(map(str, FOUR))
    raysal(*call, "--mean", values, "--std", values, "--range", "0,4095").done(
        "channels: 4", "mean 0.1 0.2 0.3 0.4, deviation 0.1 0.2 0.3 0.4"
    )
    loaded = load_model(out)
    assert loaded.pixels == PixelFormat(channels=4, mean=FOUR, std=FOUR, range=(0, 4095))
    bands = np.random.default_rng(0).integers(0, 4096, (*SIZE, 4)).astype(np.uint16)
    seen = (torch.from_numpy(bands / 4095).permute(2, 0, 1)[None].float() - _axes(FOUR)) / _axes(
        FOUR
    )
    with torch.no_grad():
        logits = torch.nn.functional.interpolate(
            network(seen), SIZE, mode="bilinear", align_corners=True
        )
    found = predict_own_size(loaded, tiff(bands), "fp32").ids
    assert (found == logits[0].argmax(0).numpy()).mean() > 0.999
    plain = wrap_model(file, tmp_path / "v", classes="abc")
    assert plain.pixels == PixelFormat(channels=4)


def test_a_damaged_model_folder(wrapped: Path) -> None:
    raw = torch.load(wrapped / FILE, weights_only=True)
    raw["state"]["archive"] = raw["state"]["archive"][:1000]
    torch.save(raw, wrapped / FILE)
    with pytest.raises(CheckpointError, match=r"model\.pt: its pt2 archive is no archive of torch"):
        load_model(wrapped)
    raw["state"]["archive"] = torch.zeros(3)
    torch.save(raw, wrapped / FILE)
    with pytest.raises(CheckpointError, match="'archive' is not a plain tensor"):
        load_model(wrapped)


@pytest.mark.slow
def test_a_published_network(material: Material, tmp_path: Path) -> None:
    from tests.support.published_network import lraspp, save_lraspp

    names = material.dataset.class_names
    python = save_lraspp(tmp_path / "python", material)
    file = save_pt2(tmp_path / "x.pt2", lraspp(11))
    made = wrap_model(file, tmp_path / "w", classes=names).folder
    expected = scores(python, material, tmp_path / "p")
    assert same(scores(made, material, tmp_path / "a"), expected)
