"""Tests of template.yaml, of the layers, and of what `sam build` makes of them."""
