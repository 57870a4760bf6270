from pathlib import Path

import pyarrow as pa
import pytest
import torch

from mtdnet import device
from mtdnet.errors import InputError
from mtdnet.protocol.triplets import STREAMS
from mtdnet.tables import write_table
from mtdnet.training.parallel import Distributed
from mtdnet.training.triplets import Triplets

IMAGES = torch.zeros(4, 2, 2, 3, dtype=torch.uint8)


@pytest.mark.parametrize("row", [-1, 4, 2**31 - 1])
@pytest.mark.parametrize("part", STREAMS)
def test_rows_that_are_no_images_are_refused(part: str, row: int, tmp_path: Path) -> None:
    rows = {name: pa.array([0, 1, row if name == part else 2], pa.int32()) for name in STREAMS}
    flags = {f"{name}_mirror": [False] * 3 for name in STREAMS}
    write_table(pa.table(rows | flags), tmp_path / "triplets.parquet")
    with pytest.raises(InputError, match=rf"triplets\.parquet: {part}: rows .* of 4 images"):
        Triplets.open(tmp_path, 3, 0, IMAGES, device.choose(), Distributed())
