"""A folder of images with a table of labels, as arrays."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.frontend import first_line
from archsim.functional.listing import listed

_HEADER = ["name", "label"]
_LABEL = re.compile(r"-?[0-9]{1,9}")
_EXTENSIONS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})


def read_images(folder: Path, labels: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return a folder's images, N x 3 x height x width of 0 to 255, and their labels.

    They are in the order of the table, ``name,label`` in each line, where ``name`` is a path in the
    folder; the header ``name,label`` may be left out. Grey images and images of a palette become
    RGB, transparency is dropped, and a rotation that a camera noted is not carried out.

    Raises:
        WorkloadError: Every fault of the table and of the images: lines that are no label, names
            twice, without a file, or of no table; images that cannot be read or differ in size.
    """
    rows, faults = _rows(labels)
    names = [name for name, _ in rows]
    if not rows and not faults:
        faults.append(f"{labels}: found no labels; expected one at least; write name,label lines")
    faults += _unmatched(folder, labels, names)
    present = [name for name in dict.fromkeys(names) if (folder / name).is_file()]
    images, spoilt = _images(folder, present)
    faults += spoilt
    if faults:
        raise WorkloadError("\n".join(faults))
    return images, np.array([label for _, label in rows], np.int64)


def _rows(labels: Path) -> tuple[list[tuple[str, int]], list[str]]:
    """Return names with labels, and the faults of lines that hold none."""
    try:
        text = labels.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise WorkloadError(
            f"{labels}: found no such file; expected name,label lines; write it, or name another"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise WorkloadError(
            f"{labels}: found a file that cannot be read ({first_line(error)}); expected "
            "name,label lines in UTF-8; check it"
        ) from None
    rows, wrong = [], []
    reader = csv.reader(text.splitlines())
    try:
        for number, row in enumerate(reader):
            fields = [field.strip() for field in row]
            if not fields or (number == 0 and [field.lower() for field in fields] == _HEADER):
                continue
            if len(fields) != len(_HEADER) or not fields[0] or not _LABEL.fullmatch(fields[1]):
                wrong.append(f"line {reader.line_num}: {','.join(row)!r}")
            elif int(fields[1]) < 0:
                wrong.append(f"line {reader.line_num}: label {fields[1]}")
            else:
                rows.append((PurePath(fields[0]).as_posix(), int(fields[1])))
    except csv.Error as error:
        wrong.append(f"line {reader.line_num}: {error}")
    if not wrong:
        return rows, []
    return rows, [
        f"{labels}: found {len(wrong)} lines without a label ({listed(wrong)}); expected "
        "name,label with whole numbers, 0 or more; correct them"
    ]


def _unmatched(folder: Path, labels: Path, names: list[str]) -> Iterator[str]:
    """Yield what names in the table and files in the folder do not have in common."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        yield (
            f"{labels}: found {len(twice)} names more than once ({listed(twice)}); expected each "
            "once; remove the others"
        )
    if missing := [name for name in dict.fromkeys(names) if not (folder / name).is_file()]:
        yield (
            f"{labels}: found {len(missing)} names without a file in {folder} ({listed(missing)}); "
            "expected an image for each; correct the names, or add the files"
        )
    known = set(names)
    files = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")))
    if nameless := [
        name for name in files if PurePath(name).suffix.lower() in _EXTENSIONS and name not in known
    ]:
        yield (
            f"{labels}: found no label for {len(nameless)} images of {folder} "
            f"({listed(nameless)}); expected one for each; add them, or move the images away"
        )


def _images(folder: Path, names: list[str]) -> tuple[NDArray[np.uint8], list[str]]:
    """Return images of one size, and the faults of others."""
    read = _reader()
    images = np.empty((0, 3, 0, 0), np.uint8)
    broken, other = [], []
    for number, name in enumerate(names):
        try:
            pixels = read(folder / name)
        except Exception as error:  # noqa: BLE001 - decoders raise what they like; all are told
            broken.append(f"{name}: {first_line(error)}")
            continue
        if images.size == 0:  # the size of the first is that of all
            images = np.empty((len(names), 3, *pixels.shape[:2]), np.uint8)
        if pixels.shape[:2] == images.shape[2:]:
            images[number] = pixels.transpose(2, 0, 1)
        else:
            other.append(f"{name}: {pixels.shape[1]}x{pixels.shape[0]}")
    faults = []
    if broken:
        faults.append(
            f"{folder}: found {len(broken)} images that cannot be read ({listed(broken)}); "
            "expected images of 8 bits a channel; convert or replace them"
        )
    if other:
        faults.append(
            f"{folder}: found {len(other)} images of another size ({listed(other)}); expected "
            f"{images.shape[3]}x{images.shape[2]} like the first; crop or resize them"
        )
    return images, faults


def _reader() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise WorkloadError(
            "pillow: found no such package; expected it, to read images; pip install pillow"
        ) from None

    def read(path: Path) -> NDArray[np.uint8]:
        with Image.open(path) as image:
            if image.mode not in _MODES:
                raise ValueError(f"pixels of type {image.mode}")
            return np.asarray(image.convert("RGB"))

    return read
