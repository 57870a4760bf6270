import torch

from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.training.trainer import sgd


def test_two_steps_equal_the_published_rule_by_hand() -> None:
    """Speed = 0.9 speed + g + 5e-4 w, w = w - rate speed; biases: twice the rate, no decay."""
    torch.manual_seed(0)
    network = MTDnet(1 / 16)
    optimiser = sgd(network, Training(steps=1, rate=0.01, momentum=0.9, decay=5e-4))
    named = dict(network.named_parameters())
    expected = {name: p.detach().clone() for name, p in named.items()}
    speed = {name: torch.zeros_like(p) for name, p in named.items()}
    for _ in range(2):
        for name, p in named.items():
            p.grad = torch.randn_like(p)
            bias = name.endswith("bias")
            decay = 0.0 if bias else 5e-4
            speed[name] = 0.9 * speed[name] + p.grad + decay * expected[name]
            expected[name] = expected[name] - (0.02 if bias else 0.01) * speed[name]
        optimiser.step()
    for name, p in named.items():
        torch.testing.assert_close(p.detach(), expected[name], msg=name)
