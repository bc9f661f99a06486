"""How large a reward may be: bounds that keep reading, checking and computing one quick and its numbers finite."""

from __future__ import annotations

TEXT = 8_000  # characters
TOKENS = 2_000
NODES = 600
DEPTH = 24  # nested operations, calls and parentheses
LINES = 32  # lines, and as many lets
PARTS = 64  # of one sum or product
NUMBER = 1e6  # a number as written
SMALLEST = 1e-6  # a divisor as written
BOUND = 1e9  # what any value on the way may reach
REWARD = 1e4  # what a line may reach
EXPONENT = 20.0  # argument of exp: e^20 is 5e8
NAME = 120  # characters
