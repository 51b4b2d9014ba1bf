"""Numbers as a person reads them: thousands apart, a true minus, powers of ten with raised exponents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

MINUS: Final = "\N{MINUS SIGN}"
TIMES: Final = "\N{MULTIPLICATION SIGN}"

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_LONGEST: Final = 400
"""Decimal digits of the longest double and more, so that nothing is rounded twice."""


def power_of_ten(exponent: int) -> str:
    """Ten with a raised exponent."""
    return f"10{str(exponent).translate(_RAISED)}"


def decade(number: Fraction) -> int:
    """The exponent of ten of a positive number: ``floor(log10(number))``."""
    guess = math.floor((math.log2(number.numerator) - math.log2(number.denominator)) * math.log10(2))
    if Fraction(10) ** (guess + 1) <= number:
        return guess + 1
    return guess - 1 if Fraction(10) ** guess > number else guess


def resolution(low: float, high: float) -> Fraction:
    """The power of ten to round values to that are read off a picture of low to high: a thousandth of its height.

    Units are kept up to heights of millions, as people do.
    """
    height = Fraction(high) - Fraction(low) or abs(Fraction(high)) or Fraction(1)
    exponent = decade(height) - 3
    return Fraction(10) ** (0 if 0 <= exponent < 4 else exponent)


def written(number: Fraction | float, unit: Fraction | None = None) -> str:
    """A number without trailing zeros, those very large or small with a power of ten.

    Args:
        number: exact; a fraction must have a finite decimal expansion if there is no unit.
        unit: the power of ten to round to, if any.
    """
    rounded = Fraction(number) if unit is None else round(Fraction(number) / unit) * unit
    if not rounded:
        return "0"
    with localcontext() as context:
        context.prec = _LONGEST
        decimal = (Decimal(rounded.numerator) / Decimal(rounded.denominator)).normalize()
        exponent = decimal.adjusted()
        if -5 < exponent < 13:
            return _true_minus(f"{decimal:,f}")
        # A multiple of three, as on the axis.
        exponent -= exponent % 3
        return _true_minus(f"{decimal.scaleb(-exponent):f}{TIMES}{power_of_ten(exponent)}")


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Evenly spaced numbers of an axis, all with as many decimals as their step needs."""
    if len(ticks) < 2:
        return [written(tick, resolution(tick, tick)) for tick in ticks]
    step = abs(ticks[1] - ticks[0])
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    # A step of 2.5 or 0.25 needs one more than its first digit does.
    if not math.isclose(round(step, decimals), step, rel_tol=1e-6):
        decimals += 1
    # Adding zero turns a negative zero into a plain one.
    return [_true_minus(f"{round(tick, decimals) + 0.0:,.{decimals}f}") for tick in ticks]


def counted(count: int, noun: str) -> str:
    """A count with its noun in the right number."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _true_minus(text: str) -> str:
    return text.replace("-", MINUS)
