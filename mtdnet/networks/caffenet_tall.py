"""CaffeNet's trunk on images as persons stand: half as wide as high, not drawn into a square."""

from mtdnet.networks.caffenet import CaffeNet


class CaffeNetTall(CaffeNet):
    """The same convolutions on (B, 3, 283, 139); output (B, 256 width, 16, 7).

    ImageNet's filters meet persons undistorted, and a pair has two thirds of the places.
    """

    name = "caffenet-tall"
    grid = (16, 7)


TRUNK = CaffeNetTall
