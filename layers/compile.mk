# Compiled files for a layer, as the last line of its rule: $(compile)
#
# Lambda cannot write any to /opt, so that without them each start compiles anew all it imports. They are for one version
# of Python, which must be on the host; where it is not, the layer works as well and starts in two or three times the time.
# unchecked-hash: Lambda gives the files times of its own, and a layer does not change. No path of the host is in them.

LAYER_PYTHON ?= 3.13
SITE := $(ARTIFACTS_DIR)/python

define compile
@if python$(LAYER_PYTHON) -c '' 2>/dev/null; then \
	python$(LAYER_PYTHON) -I -m compileall -q -s "$(SITE)" -p /opt/python --invalidation-mode unchecked-hash "$(SITE)"; \
fi
endef
