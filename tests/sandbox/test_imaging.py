"""Restored pictures are nearer to the truth, and each model keeps to its parameters.

Clean photographs are aged here and restored; what counts is the distance to the clean picture.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from facefinder import centerface
from sandbox import imaging
from sandbox.imaging import CodeFormer, FluxKontext, Gfpgan, defects, ffdnet, grain, tone
from sandbox.imaging.faces import FaceWeights
from tests.sandbox.aging import faded, grainy, psnr, scratched, sepia, ssim

CLEAN = Path(__file__).with_name("clean")
NAMES = ["grace-hopper", "astronaut"]


@cache
def clean(name: str) -> np.ndarray:
    return np.asarray(Image.open(CLEAN / f"{name}.jpg").convert("RGB"))


@cache
def aged(name: str) -> np.ndarray:
    return grainy(faded(scratched(clean(name), lines=5, specks=15)))


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def pixels(encoded: imaging.Encoded) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded.data)).convert("RGB"))


def mean_chroma(image: np.ndarray) -> float:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(float)
    return float(np.hypot(lab[..., 1] - 128, lab[..., 2] - 128).mean())


def face_and_rest(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the face surely is, and where it surely is not."""
    picture = clean(name)
    weight = FaceWeights.of(picture).weight(*picture.shape[:2])
    return weight > 0.9, weight == 0


# Whole scenes


@pytest.mark.parametrize("name", NAMES)
def test_an_aged_colour_photo_comes_nearer_to_what_it_was(name):
    restored = FluxKontext().restore(aged(name))

    assert psnr(restored, clean(name)) > psnr(aged(name), clean(name)) + 2.5
    assert ssim(restored, clean(name)) > ssim(aged(name), clean(name)) + 0.08


def test_a_sepia_print_becomes_black_and_white_again_and_comes_nearer():
    truth = tone.neutral(clean("grace-hopper"))
    print_ = grainy(faded(sepia(clean("grace-hopper"))))

    restored = FluxKontext().restore(print_)

    assert mean_chroma(print_) > 8
    assert mean_chroma(restored) < 1
    assert psnr(restored, truth) > psnr(print_, truth) + 4


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_photo_is_nearly_left_alone(name):
    restored = FluxKontext().restore(clean(name))

    assert psnr(restored, clean(name)) > 29
    assert ssim(restored, clean(name)) > 0.96


def test_one_small_coloured_thing_in_a_grey_scene_keeps_its_colour():
    scene = tone.neutral(clean("astronaut"))
    cv2.circle(scene, (76, 51), 22, (190, 40, 40), -1)

    restored = FluxKontext().restore(grainy(faded(scene)))

    red = restored[43:59, 68:84].mean(axis=(0, 1))
    assert red[0] > red[1] + 60


@pytest.mark.parametrize("name", NAMES)
def test_a_colour_photo_is_not_taken_for_a_toned_one(name):
    assert not tone.is_toned_monochrome(clean(name))
    assert tone.is_toned_monochrome(sepia(clean(name)))


def test_scratches_are_found_and_faces_are_not_taken_for_them():
    truth, damaged = clean("grace-hopper"), clean("grace-hopper").copy()
    cv2.line(damaged, (250, 15), (275, 360), (236, 232, 222), 3, cv2.LINE_AA)
    cv2.line(damaged, (30, 275), (310, 292), (236, 232, 222), 2, cv2.LINE_AA)
    faces = FaceWeights.of(damaged)

    mask = defects.find(damaged, faces)

    drawn = np.abs(damaged.astype(int) - truth).max(axis=2) > 60
    assert (mask & drawn).sum() > 0.6 * drawn.sum()
    assert mask.mean() < defects.MOST_COVERED
    on_face, _ = face_and_rest("grace-hopper")
    assert mask[on_face].mean() < 0.02
    assert psnr(defects.fill(damaged, mask), truth) > psnr(damaged, truth) + 3


def test_grain_is_measured_and_taken_out_and_a_quiet_picture_is_not_touched():
    truth = clean("astronaut")
    noisy = grainy(truth, sigma=12)

    assert grain.measure(noisy) > 2 * grain.measure(truth)
    assert psnr(grain.remove(noisy), truth) > psnr(noisy, truth) + 3
    assert grain.remove(truth) is truth


def test_without_the_networks_the_work_is_still_an_improvement(monkeypatch, tmp_path):
    monkeypatch.setenv("FACEFINDER_MODELS_DIR", str(tmp_path))
    assert not ffdnet.is_available()
    assert not centerface.is_available()

    restored = FluxKontext().restore(aged("astronaut"))

    assert psnr(restored, clean("astronaut")) > psnr(aged("astronaut"), clean("astronaut")) + 2


# Parameters


def test_the_same_seed_gives_the_same_bytes_and_another_seed_hardly_another_picture():
    data = png(aged("astronaut")[:160, :160])

    one, again, other = (imaging.restore(FluxKontext(seed=seed), data) for seed in (1, 1, 2))

    assert one.data == again.data
    assert one.data != other.data
    assert psnr(pixels(one), pixels(other)) > 40


@pytest.mark.parametrize(
    ("output_format", "media_type", "magic"),
    [("png", "image/png", b"\x89PNG"), ("jpg", "image/jpeg", b"\xff\xd8\xff")],
)
def test_the_output_has_the_format_that_was_asked_for(output_format, media_type, magic):
    result = imaging.echo(FluxKontext(output_format=output_format), png(clean("astronaut")))

    assert result.media_type == media_type
    assert result.data.startswith(magic)


@pytest.mark.parametrize(
    ("model", "scale"),
    [(FluxKontext(), 1), (Gfpgan(scale=3), 3), (CodeFormer(upscale=5), 5)],
)
def test_the_output_has_exactly_the_promised_size(model, scale):
    crop = clean("grace-hopper")[60:181, 90:221]  # odd sides

    for work in (imaging.restore, imaging.echo):
        result = work(model, png(crop))
        assert (result.width_px, result.height_px) == (131 * scale, 121 * scale)
        assert pixels(result).shape == (121 * scale, 131 * scale, 3)


def test_gfpgan_betters_the_face_and_leaves_the_rest():
    face, rest = face_and_rest("grace-hopper")
    noisy = grainy(clean("grace-hopper"), sigma=12)

    restored = Gfpgan(scale=1).restore(noisy)

    assert np.array_equal(restored[rest], noisy[rest])
    truth = clean("grace-hopper")
    assert psnr(restored[face][None], truth[face][None]) > psnr(
        noisy[face][None], truth[face][None]
    )


def test_codeformer_stays_nearer_to_the_input_face_with_more_fidelity():
    face, _ = face_and_rest("grace-hopper")
    noisy = grainy(clean("grace-hopper"), sigma=12)

    distances = [
        np.abs(
            CodeFormer(fidelity=fidelity, upscale=1).restore(noisy)[face].astype(int) - noisy[face]
        )
        for fidelity in (0.0, 0.5, 1.0)
    ]

    strongest, middle, closest = (float(distance.mean()) for distance in distances)
    assert strongest > middle > closest
    assert closest < strongest / 2


def test_codeformer_leaves_the_background_alone_unless_asked():
    _, rest = face_and_rest("grace-hopper")
    noisy = grainy(scratched(clean("grace-hopper"), lines=5, specks=15), sigma=12)

    without = CodeFormer(background_enhance=False, upscale=1).restore(noisy)
    enhanced = CodeFormer(background_enhance=True, upscale=1).restore(noisy)

    assert np.array_equal(without[rest], noisy[rest])
    assert ssim(enhanced, clean("grace-hopper")) > ssim(without, clean("grace-hopper")) + 0.1


def test_codeformers_face_upsample_sharpens_faces():
    face, _ = face_and_rest("grace-hopper")
    soft = np.asarray(cv2.GaussianBlur(clean("grace-hopper"), (0, 0), 1.5), np.uint8)

    def detail_of(face_upsample: bool) -> float:
        image = CodeFormer(face_upsample=face_upsample, upscale=1).restore(soft)
        return float(np.abs(cv2.Laplacian(image, cv2.CV_64F))[face].mean())

    assert detail_of(True) > detail_of(False)


# Limits


def test_what_is_no_picture_is_refused():
    for data in (b"", b"GIF89a", b"<html>", png(clean("astronaut"))[:100]):
        with pytest.raises(imaging.UndecodableInput):
            imaging.restore(FluxKontext(), data)


def test_a_bomb_and_a_giant_are_refused_before_they_are_unpacked(monkeypatch):
    giant = io.BytesIO()
    Image.new("1", (9000, 9000)).save(giant, "PNG")
    monkeypatch.setattr(Image.Image, "convert", None)  # would be called once pixels are wanted

    with pytest.raises(imaging.TooLarge, match="Input too large"):
        imaging.echo(FluxKontext(), giant.getvalue())
    with pytest.raises(imaging.TooLarge, match="Output too large"):
        imaging.echo(CodeFormer(upscale=8), png(np.zeros((1200, 1600, 3), np.uint8)))


def test_a_photo_taken_sideways_comes_out_upright_and_transparency_becomes_white():
    sideways, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(clean("astronaut")[:170]).save(sideways, "JPEG", exif=exif)
    clear = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(clear, "PNG")

    assert pixels(imaging.echo(FluxKontext(), sideways.getvalue())).shape == (340, 170, 3)
    assert pixels(imaging.echo(FluxKontext(), clear.getvalue())).min() == 255
