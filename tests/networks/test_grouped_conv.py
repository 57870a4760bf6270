import torch
from torch import nn

from mtdnet.networks.grouped_conv import apart, convolve


@torch.no_grad()
def test_groups_by_themselves_give_the_grouped_convolutions() -> None:
    torch.manual_seed(0)
    first = nn.Conv2d(8, 12, 3, padding=1, groups=2)
    second = nn.Conv2d(12, 6, 5, padding=2, groups=2)
    maps = torch.randn(3, 8, 13, 13)
    expected = second(first(maps).relu()).relu()
    for found in (apart(maps, first, second), convolve(maps, first, second)):
        torch.testing.assert_close(torch.cat(found, dim=1), expected)
    assert [part.shape[1] for part in apart(maps, first)] == [6, 6]
