# Compiled files in a layer: Lambda cannot write any to /opt, so that without them each start compiles all it imports.
#
# They are for one version of Python, and need it on the host; where it is not there, the layer has none and says so.
# unchecked-hash: Lambda gives files times of its own, and a layer does not change. No path of the host gets into them.

LAYER_PYTHON ?= 3.13
SITE := $(ARTIFACTS_DIR)/python

.PHONY: compiled
compiled:
	@python=$$(uv python find --no-python-downloads "$(LAYER_PYTHON)" 2>/dev/null) || python=; \
	if [ -n "$$python" ]; then \
		"$$python" -I -m compileall -q -s "$(SITE)" -p /opt/python --invalidation-mode unchecked-hash "$(SITE)"; \
	else \
		echo "Python $(LAYER_PYTHON) is not on this machine: no compiled files, so starts take twice as long" >&2; \
	fi
