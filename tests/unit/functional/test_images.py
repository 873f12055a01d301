import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from archsim.errors import WorkloadError
from archsim.functional.data import load_data

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def folder(tmp_path):
    """Two images, 3 wide and 2 high, and their labels."""
    place = tmp_path / "set"
    (place / "more").mkdir(parents=True)
    Image.new("RGB", (3, 2), RED).save(place / "red.png")
    Image.new("RGB", (3, 2), GREEN).save(place / "more" / "green.png")
    (place / "labels.csv").write_text("name,label\nred.png,4\nmore/green.png,0\n")
    return place


def faults(folder, table, **options):
    (folder / "labels.csv").write_text(table)
    with pytest.raises(WorkloadError) as caught:
        load_data(str(folder), **options)
    return str(caught.value).replace(f"{folder}", "set").splitlines()


def test_images_are_kept_as_bytes_in_the_order_of_their_labels(folder):
    data = load_data(str(folder))
    (images,) = data.inputs
    assert (images.shape, images.dtype) == ((2, 3, 2, 3), torch.uint8)
    assert images[0, :, 1, 2].tolist() == list(RED)
    assert images[1, :, 0, 0].tolist() == list(GREEN)
    assert (data.targets.tolist(), data.targets.dtype) == ([4, 0], torch.int64)
    assert (data.calibration, data.metric) == (None, None)


def test_rows_and_columns_of_an_image_are_not_exchanged(folder):
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)  # height x width x channel
    Image.fromarray(pixels).save(folder / "red.png")
    (images,) = load_data(str(folder)).inputs
    assert images[0, 1].tolist() == [[1, 4, 7], [10, 13, 16]]  # the green channel


def test_network_gets_0_to_1_less_mean_over_std(folder):
    data = load_data(str(folder))
    assert data.prepare(*data.inputs)[0][0, :, 0, 0].tolist() == [1.0, 0.0, 0.0]
    data = load_data(str(folder), mean=[0.5, 0.5, 0.25], std=[0.5, 0.25, 0.5])
    assert data.prepare(*data.inputs)[0][0, :, 0, 0].tolist() == [1.0, -2.0, -0.5]


@pytest.mark.parametrize(
    "table",
    [
        "red.png,4\nmore/green.png,0\n",
        "\ufeffName, Label\r\n\r\n./red.png, 4\r\nmore/green.png ,0",
        'name,label\n"red.png","4"\nmore//green.png,0\n',
    ],
)
def test_header_spaces_and_spelling_of_paths_do_not_matter(folder, table):
    (folder / "labels.csv").write_text(table, encoding="utf-8", newline="")
    assert load_data(str(folder)).targets.tolist() == [4, 0]


def test_labels_may_lie_elsewhere(folder, tmp_path):
    (folder / "labels.csv").rename(tmp_path / "truth.csv")
    assert load_data(str(folder), labels=tmp_path / "truth.csv").targets.tolist() == [4, 0]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA"])
def test_images_of_other_8_bit_types_become_rgb(folder, mode):
    Image.new("RGB", (3, 2), (255, 255, 255)).convert(mode).save(folder / "red.png")
    assert load_data(str(folder)).inputs[0][0].unique().tolist() == [255]


def test_file_that_is_no_image_needs_no_label(folder):
    (folder / "readme.txt").write_text("red and green")
    assert len(load_data(str(folder)).targets) == 2


def test_every_fault_of_table_and_images_is_told(folder):
    Image.new("RGB", (2, 3)).save(folder / "high.png")
    Image.new("RGB", (3, 2)).save(folder / "nameless.JPG", "jpeg")
    (folder / "broken.png").write_bytes(b"no image")
    Image.new("I;16", (3, 2)).save(folder / "deep.png")
    table = (
        "red.png,4\nred.png,5\nmore/green.png,-1\nblue.png,1\nhigh.png,0\nbroken.png,1\n"
        "deep.png,2\ngrey.png,one\ngrey.png\ngrey.png,1.5\n,3\ngrey.png,1,2\ngrey.png,1_0\n"
    )
    found = faults(folder, table)
    assert found[0] == (
        "set/labels.csv: found 7 lines without a label (line 3: label -1, line 8: 'grey.png,one', "
        "line 9: 'grey.png', line 10: 'grey.png,1.5', line 11: ',3' and 2 more); expected "
        "name,label with whole numbers, 0 or more; correct them"
    )
    assert found[1] == (
        "set/labels.csv: found 1 names more than once (red.png); expected each once; remove the "
        "others"
    )
    assert found[2] == (
        "set/labels.csv: found 1 names without a file in set (blue.png); expected an image for "
        "each; correct the names, or add the files"
    )
    assert found[3] == (
        "set/labels.csv: found no label for 2 images of set (more/green.png, nameless.JPG); "
        "expected one for each; add them, or move the images away"
    )
    assert re.fullmatch(
        r"set: found 2 images that cannot be read \(broken.png: cannot identify .*, deep.png: "
        r"pixels of type I;16\); expected images of 8 bits a channel; convert or replace them",
        found[4],
    )
    assert found[5:] == [
        "set: found 1 images of another size (high.png: 2x3); expected 3x2 like the first; crop or "
        "resize them"
    ]


def test_header_of_other_names_is_no_label(folder):
    (line,) = faults(folder, "file,class\nred.png,4\nmore/green.png,0\n")
    assert "found 1 lines without a label (line 1: 'file,class'); expected name,label" in line


def test_table_without_labels_is_refused(folder):
    first, second = faults(folder, "name,label\n")
    assert first == "set/labels.csv: found no labels; expected one at least; write name,label lines"
    assert "found no label for 2 images" in second


def test_table_that_is_not_there_or_no_text_is_refused(folder):
    (folder / "labels.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(
        WorkloadError,
        match=r"labels.csv: found a file that cannot be read \(.*\); expected name,label lines in",
    ):
        load_data(str(folder))
    with pytest.raises(
        WorkloadError, match=r"none.csv: found no such file; expected name,label lines; write it"
    ):
        load_data(str(folder), labels="none.csv")


def test_scale_of_another_number_of_channels_is_refused(folder):
    with pytest.raises(WorkloadError, match="found 1 values of mean; expected 3, one for each"):
        load_data(str(folder), mean=[0.5], std=[0.5, 0.5, 0.5])


def test_missing_package_is_named_with_how_to_get_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(
        WorkloadError,
        match="pillow: found no such package; expected it, to read images; pip install pillow",
    ):
        load_data(str(folder))
