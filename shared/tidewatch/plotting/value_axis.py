"""The value axis: what matplotlib is given to draw, and how numbers are written.

matplotlib computes in doubles. It overflows near 1e308, and loses a tiny spread beside a large mean. So it is given
values with an offset taken off and a power of ten divided out, and the label of the axis names both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

import numpy as np
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

MINUS: Final = "\N{MINUS SIGN}"
TIMES: Final = "\N{MULTIPLICATION SIGN}"

_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_PLAIN: Final = (Decimal("0.01"), Decimal(10**6))
"""Magnitudes that are drawn as they are."""

_OFFSET_BELOW: Final = Decimal("1e-5")
"""If the spread over the magnitude is smaller than this, tick labels would be too long without an offset."""

_MOST_DIGITS: Final = 700
"""More than the decimal digits between the largest double and the smallest, so that nothing is rounded twice."""


@dataclass(frozen=True, slots=True)
class ValueScale:
    """Maps values to the numbers on the axis: ``(value - offset) / 10**exponent``.

    Attributes:
        offset: what is taken off every value; 0 for nearly all series.
        exponent: the power of ten, a multiple of 3; 0 for values of ordinary size.
    """

    offset: float
    exponent: int

    @classmethod
    def over(cls, low: float, high: float) -> ValueScale:
        """The scale for values from low to high, both finite."""
        largest = max(abs(Decimal(low)), abs(Decimal(high)))
        spread = Decimal(high) - Decimal(low)
        offset = 0.0
        if 0 < spread < largest * _OFFSET_BELOW:
            middle = (Decimal(low) + Decimal(high)) / 2
            offset = float(middle.quantize(Decimal(1).scaleb(spread.adjusted() + 1)))
        shown = max(abs(Decimal(low) - Decimal(offset)), abs(Decimal(high) - Decimal(offset)))
        plain = not shown or _PLAIN[0] <= shown < _PLAIN[1]
        return cls(offset, 0 if plain else 3 * (shown.adjusted() // 3))

    def on_axis(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The numbers to draw, shape as given. NaN stays NaN; values far outside the picture may become infinite."""
        # Two steps, since 10**-324 is no double.
        half = self.exponent // 2
        with np.errstate(over="ignore", under="ignore"):
            drawn: NDArray[np.float64] = (values - self.offset) / 10.0**half / 10.0 ** (self.exponent - half)
        return drawn

    @property
    def label(self) -> str:
        """The label of the axis: what was taken off, and the unit."""
        words = "value"
        if self.offset:
            words += f" {MINUS if self.offset > 0 else '+'} {written(abs(self.offset))}"
        if self.exponent:
            words += f", in units of {_power_of_ten(self.exponent)}"
        return words


def value_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Round numbers from low to high, about ``most`` intervals apart, and their labels."""
    ticks = np.asarray(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    # Adding zero turns a negative zero into a plain one.
    inside = [float(tick) + 0.0 for tick in ticks if low <= tick <= high]
    return inside, tick_labels(inside)


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Evenly spaced numbers as text, all with the decimals that their step needs.

    matplotlib's ScalarFormatter cannot separate thousands.
    """
    if len(ticks) < 2:
        return [written(tick, resolution(tick, tick)) for tick in ticks]
    tolerance = 1e-6 * abs(ticks[1] - ticks[0])
    decimals = next(
        places for places in range(20) if np.allclose(np.round(ticks, places), ticks, rtol=0.0, atol=tolerance)
    )
    return StrMethodFormatter(f"{{x:,.{decimals}f}}").format_ticks([tick + 0.0 for tick in ticks])


def resolution(low: float, high: float) -> int:
    """The power of ten to round to for values read off a picture from low to high: a thousandth of its height.

    Whole units are kept up to heights of ten million.
    """
    height = Decimal(high) - Decimal(low) or abs(Decimal(high)) or Decimal(1)
    exponent = height.adjusted() - 3
    return 0 if 0 <= exponent < 4 else exponent


def written(number: float, exponent: int | None = None) -> str:
    """A number without trailing zeros and with thousands apart; with a power of ten if it is very large or small.

    Args:
        number: finite.
        exponent: the power of ten to round to; None for all digits.
    """
    with localcontext() as context:
        context.prec = _MOST_DIGITS
        # The shortest decimal that is this double.
        decimal = Decimal(repr(float(number)))
        if exponent is not None:
            decimal = decimal.quantize(Decimal(1).scaleb(exponent))
        if not decimal:
            return "0"
        decimal = decimal.normalize()
        power = decimal.adjusted()
        if -5 < power < 13:
            return f"{decimal:,f}".replace("-", MINUS)
        # A multiple of three, as on the axis.
        power -= power % 3
        return f"{decimal.scaleb(-power):f}{TIMES}{_power_of_ten(power)}".replace("-", MINUS)


def _power_of_ten(exponent: int) -> str:
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"
