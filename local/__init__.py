"""Tidewatch on one machine: ``make run``, ``make demo`` and what else runs beside the product.

The stack itself is in ``local.sam``, which would serve any other SAM project as well.
"""
