"""Make drivers/face/glyphs.npz, the network that reads printed digits, out of fonts: `python -m provisioning.glyphs`.

The fonts are those of packages.txt but for one Gothic (`HELD_OUT`), which the tests print their cards in. Seeded: the
same fonts give the same file but for the last bits. Takes a few minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drivers.face.glyphs import CLASSES, HIGH, OTHER, WIDE, Ink, Weights, cell, classify

SHARE = Path("/usr/share/fonts")
FONTS = (
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "opentype/noto/NotoSansCJK-Bold.ttc",
    "truetype/ipamj/ipamjm.ttf",
    "truetype/noto/NotoSans-Regular.ttf",
    "truetype/noto/NotoSans-Bold.ttf",
    "truetype/noto/NotoSansMono-Regular.ttf",
    "opentype/noto/NotoSerifCJK-Regular.ttc",
    "truetype/dejavu/DejaVuSans.ttf",
    "truetype/dejavu/DejaVuSansMono.ttf",
    "truetype/dejavu/DejaVuSansCondensed.ttf",
    "truetype/bizud-gothic/BIZUDPGothic-Bold.ttf",
)
HELD_OUT = "truetype/bizud-gothic/BIZUDGothic-Regular.ttf"
OTHERS = (
    "氏名住所生年男女性別有効期限まで個人番号カード市町村長昭和平成令大正明治電子証書のセキュリティコ署名用"
    "県都道府区丁目番地港緑中央一二三四五六七八九十山川田口上下左右東西南北木林森本佐藤鈴花子郎"
    "ABCEFGHJKMNPRTUVWXYabdefhknprtuvwxy-.,/・ー（）"
)
PER_CLASS = 4000
HIDDEN = 64
ROUNDS = 36


def fonts(names: tuple[str, ...]) -> list[str]:
    return [str(SHARE / name) for name in names if (SHARE / name).exists()]


def printed(text: str, font: str, size: int, random: np.random.Generator) -> Ink | None:
    """One character as a camera sees it, cut close: turned, slanted, blurred, noisy, too little light or ink."""
    big = ImageFont.truetype(font, size * 4)
    box = big.getbbox(text)
    if box[2] <= box[0] or box[3] <= box[1]:
        return None
    pad = size * 2
    sheet = Image.new("L", (round(box[2] - box[0]) + 2 * pad, round(box[3] - box[1]) + 2 * pad), 0)
    ImageDraw.Draw(sheet).text((pad - box[0], pad - box[1]), text, 255, font=big)
    slant, lean = random.uniform(-0.14, 0.14), random.uniform(-0.08, 0.08)
    middle_x, middle_y = sheet.width / 2, sheet.height / 2
    wide = random.uniform(0.84, 1.18)
    a, b, d, e = 1 / wide, slant, lean, 1.0
    sheet = sheet.transform(
        sheet.size,
        Image.Transform.AFFINE,
        (a, b, middle_x - a * middle_x - b * middle_y, d, e, middle_y - d * middle_x - e * middle_y),
        Image.Resampling.BILINEAR,
    )
    sheet = sheet.filter(ImageFilter.GaussianBlur(4 * random.uniform(0.3, 1.15) * size / 16))
    small = sheet.resize((max(1, sheet.width // 4), max(1, sheet.height // 4)), Image.Resampling.BOX)
    ink = np.asarray(small, dtype=np.float32) / 255
    ink = np.clip(ink / max(0.3, float(ink.max())) * random.uniform(0.85, 1.25), 0, 1)
    noisy = np.clip(ink + random.normal(0, random.uniform(0, 0.09), ink.shape), 0, 1)
    return cut(noisy.astype(np.float32), random.uniform(0.28, 0.55))


def cut(ink: Ink, least: float) -> Ink | None:
    rows, columns = np.flatnonzero((ink > least).any(axis=1)), np.flatnonzero((ink > least).any(axis=0))
    if rows.size < 5 or columns.size < 2:
        return None
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def others(random: np.random.Generator) -> str:
    """Something that is none of ours: another character, or two digits that touch."""
    if random.random() < 0.2:
        return "".join(random.choice(list("0123456789")) for _ in range(2))
    return str(random.choice(list(OTHERS)))


def samples(random: np.random.Generator, names: list[str], count: int) -> Iterator[tuple[Ink, int]]:
    loaded = {name: ImageFont.truetype(name, 40) for name in names}
    missing = {name: _mask(font, "\U000f1234") for name, font in loaded.items()}
    for index, character in enumerate(CLASSES):
        for _ in range(count * (4 if character == OTHER else 1)):
            name = str(random.choice(names))
            text = others(random) if character == OTHER else character
            if any(_mask(loaded[name], each) == missing[name] for each in text):
                continue
            got = printed(text, name, int(random.integers(9, 26)), random)
            if got is None:
                continue
            if character == OTHER and len(text) == 1 and random.random() < 0.2:  # half of something
                rows, columns = got.shape
                got = got[:, : max(2, columns // 2)] if random.random() < 0.5 else got[: max(5, rows // 2)]
            yield cell(got), index


def _mask(font: ImageFont.FreeTypeFont, text: str) -> bytes:
    return bytes(font.getmask(text))


def train(inputs: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], seed: int) -> Weights:
    """Adam on cross entropy."""
    random = np.random.default_rng(seed)
    size, classes = inputs.shape[1], len(CLASSES)
    parts = [
        random.normal(0, (2 / size) ** 0.5, (size, HIDDEN)).astype(np.float32),
        np.zeros(HIDDEN, dtype=np.float32),
        random.normal(0, (2 / HIDDEN) ** 0.5, (HIDDEN, classes)).astype(np.float32),
        np.zeros(classes, dtype=np.float32),
    ]
    mean = [np.zeros_like(part) for part in parts]
    square = [np.zeros_like(part) for part in parts]
    step, batch = 0, 256
    for round_ in range(ROUNDS):
        rate = 2e-3 * (0.5 ** (round_ / 6))
        order = random.permutation(len(inputs))
        for at in range(0, len(order), batch):
            chosen = order[at : at + batch]
            x, y = inputs[chosen], labels[chosen]
            hidden = np.maximum(x @ parts[0] + parts[1], 0)
            scores = hidden @ parts[2] + parts[3]
            likely = np.exp(scores - scores.max(axis=1, keepdims=True))
            likely /= likely.sum(axis=1, keepdims=True)
            likely[np.arange(len(y)), y] -= 1
            likely /= len(y)
            back = (likely @ parts[2].T) * (hidden > 0)
            slopes = [x.T @ back, back.sum(axis=0), hidden.T @ likely, likely.sum(axis=0)]
            step += 1
            for at_part, slope in enumerate(slopes):
                steep = slope + 1e-4 * parts[at_part]
                mean[at_part] += 0.1 * (steep - mean[at_part])
                square[at_part] += 0.001 * (steep * steep - square[at_part])
                unbiased = mean[at_part] / (1 - 0.9**step), square[at_part] / (1 - 0.999**step)
                parts[at_part] -= rate * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    return Weights(*parts)


def main() -> int:
    random = np.random.default_rng(20260401)
    sets = []
    for names, count in ((fonts(FONTS), PER_CLASS), (fonts((HELD_OUT,)), 120)):
        drawn = list(samples(random, names, count))
        sets.append((np.stack([x.reshape(-1) for x, _ in drawn]), np.array([y for _, y in drawn])))
    (inputs, labels), (held, answers) = sets
    made = train(inputs, labels, 1)
    scales = [float(np.abs(part).max()) / 127 for part in (made.first, made.second)]
    first, second = (
        np.rint(part / scale).astype(np.int8)
        for part, scale in zip((made.first, made.second), scales, strict=True)
    )
    used = Weights(
        first.astype(np.float32) * np.float32(scales[0]),
        made.first_bias,
        second.astype(np.float32) * np.float32(scales[1]),
        made.second_bias,
    )
    found = classify([x.reshape(HIGH, WIDE) for x in held], used)
    right = [CLASSES[y] == got.character for y, got in zip(answers, found, strict=True)]
    sure = [ok for ok, got in zip(right, found, strict=True) if got.is_sure]
    print(f"{len(inputs)} samples; held-out font: {sum(right)}/{len(right)} right")
    print(f"sure of a character: {len(sure)}, wrong among them: {len(sure) - sum(sure)}")
    np.savez_compressed(
        Path(__file__).parents[1] / "drivers/face/glyphs.npz",
        first=first,
        first_scale=np.float32(scales[0]),
        first_bias=made.first_bias,
        second=second,
        second_scale=np.float32(scales[1]),
        second_bias=made.second_bias,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
