"""Score pairs by onnxruntime and Pillow alone: onnx_pairs.py EXPORT LEFT RIGHT LEFT RIGHT ..."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

home, *files = map(Path, sys.argv[1:])
facts = json.loads((home / "export.json").read_text())
trunk, halves, tail = (
    onnxruntime.InferenceSession(home / f"{name}.onnx") for name in ("trunk", "halves", "tail")
)
height, width = facts["size"]
shown = [
    np.asarray(Image.open(file).convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
    for file in files
]
views = np.stack([view for pixels in shown for view in (pixels, pixels[:, ::-1])])
left, right = halves.run(None, {"maps": trunk.run(None, {"images": views})[0]})
for n in range(0, len(files), 2):  # plain and mirrored views of one, of the other; both orders
    a, b = [2 * n, 2 * n + 1], [2 * n + 2, 2 * n + 3]
    joint = [left[i] + right[j] for one, other in ((a, b), (b, a)) for i in one for j in other]
    p = tail.run(None, {"joint": np.stack(joint)})[0]
    p = (p if facts["mean"] == "log odds" else p.mean()).clip(1e-7, 1 - 1e-7)
    logit = np.log(p / (1 - p)).mean() / (facts["temperature"] or 1)
    print(f"{1 / (1 + np.exp(-logit)):.4f}  {files[n]}  {files[n + 1]}")
