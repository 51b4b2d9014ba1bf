# How a layer of third-party wheels is built; each layer's Makefile includes it and names its rule.
#
# Wheels are fetched for Lambda's platform, whatever the host is: `uv` needs neither that platform nor that Python.
# LAYER_PYTHON=3.11 in the environment builds for another Python, for tests that run a built function on the host.

ifndef PLATFORM
$(error Build the layers with `sam build`; it goes through layers/targets/<architecture>/Makefile)
endif

include $(LAYERS)/compile.mk

.PHONY: wheels
wheels:
	@command -v uv >/dev/null || { echo "uv is not on PATH: it is in requirements-dev.txt" >&2; exit 1; }
	@uv pip install --quiet --requirement requirements.txt --no-deps --only-binary :all: --link-mode copy \
		--python-version "$(LAYER_PYTHON)" --python-platform "$(PLATFORM)" --target "$(SITE)"
	@# Not needed to run: tests, caches, scripts, headers and sources of what is compiled, static libraries, and what an
	@# uninstaller would read. METADATA, entry points and licences stay: importlib.metadata and the licences want them.
	@find "$(SITE)" -depth -type d \( -name __pycache__ -o -name tests -o -name include \
		-o -name '*-stubs' \) -exec rm -rf {} +
	@find "$(SITE)" -type f \( -name '*.a' -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' \
		-o -name '*.tp' -o -name '*.h' -o -name '*.c' -o -name '*.cpp' -o -name meson.build \) -delete
	@find "$(SITE)" -type f -path '*.dist-info/*' \( -name RECORD -o -name INSTALLER -o -name REQUESTED \
		-o -name WHEEL -o -name 'uv_*.json' -o -name direct_url.json \) -delete
	@rm -rf "$(SITE)/bin" "$(SITE)/share" "$(SITE)/.lock"
