import pytest
import torch
from torch import nn

from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Schedule, Training
from mtdnet.training.optimisers import build, rate_factor
from mtdnet.training.trainer import average


def steps_by_hand(settings: Training) -> None:
    """Take three steps of drawn gradients, and compare with the rule in plain arithmetic."""
    torch.manual_seed(0)
    network = MTDnet(1 / 16)
    optimiser = build(network, settings)
    named = dict(network.named_parameters())
    expected = {name: p.detach().clone() for name, p in named.items()}
    first, second = ({name: torch.zeros_like(p) for name, p in named.items()} for _ in range(2))
    for number in range(1, 4):
        for name, p in named.items():
            p.grad = torch.randn_like(p)
            bias = name.endswith("bias")
            decay = 0.0 if bias else settings.weight_decay
            rate = settings.learning_rate * (2 if bias else 1)
            if settings.optimiser == "sgd":
                first[name] = settings.momentum * first[name] + p.grad + decay * expected[name]
                expected[name] = expected[name] - rate * first[name]
            else:
                first[name] = 0.9 * first[name] + 0.1 * p.grad
                second[name] = 0.999 * second[name] + 0.001 * p.grad**2
                mean, square = first[name] / (1 - 0.9**number), second[name] / (1 - 0.999**number)
                kept = expected[name] * (1 - rate * decay)
                expected[name] = kept - rate * mean / (square.sqrt() + 1e-8)
        optimiser.step()
    for name, p in named.items():
        torch.testing.assert_close(p.detach(), expected[name], msg=name)


def test_sgd_equals_the_published_rule_by_hand() -> None:
    """Speed = 0.9 speed + g + 5e-4 w, w = w - rate speed; biases: twice the rate, no decay."""
    steps_by_hand(Training(steps=1, learning_rate=0.01, momentum=0.9, weight_decay=5e-4))


def test_adamw_equals_its_rule_by_hand() -> None:
    """Loshchilov and Hutter 2019, algorithm 2; biases: twice the rate, no decay."""
    steps_by_hand(Training(steps=1, optimiser="adamw", learning_rate=0.01, weight_decay=0.1))


def test_the_rate_is_fixed_as_published_or_rises_and_falls() -> None:
    assert {rate_factor(Schedule(), step, 10) for step in range(10)} == {1.0}
    warm = [rate_factor(Schedule(warm_up=0.4), step, 10) for step in range(10)]
    assert warm == pytest.approx([0.25, 0.5, 0.75, *[1.0] * 7])
    both = [rate_factor(Schedule(warm_up=0.2, decay="cosine"), step, 10) for step in range(10)]
    falling = [(1 + torch.cos(torch.tensor(torch.pi * t / 8)).item()) / 2 for t in range(8)]
    assert both == pytest.approx([0.5, 1.0, *falling])
    assert rate_factor(Schedule(warm_up=0.05, decay="cosine"), 0, 10) == 1.0, (
        "less than a step to warm up in"
    )


def test_the_average_is_of_the_latest_weights_at_first_and_of_many_later() -> None:
    network = nn.Linear(1, 1, bias=False)
    own = average(network, limit=0.5)
    by_hand: list[float] = []
    for value in range(1, 30):
        nn.init.constant_(network.weight, value)
        own.update_parameters(network)
        decay = min(0.5, len(by_hand) and (1 + len(by_hand)) / (10 + len(by_hand)))
        by_hand.append(decay * (by_hand[-1] if by_hand else 0.0) + (1 - decay) * value)
        assert own.module.get_parameter("weight").item() == pytest.approx(by_hand[-1])
    assert by_hand[1] == pytest.approx(2 - 2 / 11) and by_hand[-1] == pytest.approx(28, abs=0.1)
