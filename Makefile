# Two doors for a newcomer: `make run` and `make test`. Each sets up what it needs.

# What is passed on to the program: make run ARGS="--listen 127.0.0.1:9000"
ARGS ?=
MODULES := ui/node_modules/.package-lock.json
SDK_PYTHON := target/sdk/python
SDK_NODE := crates/sandbox/tests/node/node_modules

.PHONY: run test tools
.DELETE_ON_ERROR:

# Bothways with an emulated Slack beside it. Needs Rust and Node; keeps everything in ./data.
run: ui/dist/index.html
	@cargo run --quiet --package server --bin bothways -- demo $(ARGS)

# All tests, in a real browser and with the SDKs of Slack and Google as well.
test: tools ui/dist/index.html $(SDK_PYTHON)/ready $(SDK_NODE)/.package-lock.json
	npm test --prefix ui
	SANDBOX_SDK_PYTHON=$(CURDIR)/$(SDK_PYTHON)/bin/python SANDBOX_SDK_NODE_MODULES=$(CURDIR)/$(SDK_NODE) \
		cargo test --workspace

tools:
	@scripts/test-tools

$(MODULES): ui/package-lock.json
	npm ci --prefix ui --no-audit --no-fund
	@touch $@

ui/dist/index.html: $(MODULES) $(shell find ui/src ui/public clients/typescript/src ui/index.html ui/vite.config.ts -type f)
	npm run build --prefix ui
	@touch $@

$(SDK_PYTHON)/ready: crates/sandbox/tests/python/requirements.txt
	python3 -m venv $(SDK_PYTHON)
	$(SDK_PYTHON)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(SDK_NODE)/.package-lock.json: crates/sandbox/tests/node/package-lock.json
	npm ci --prefix crates/sandbox/tests/node --no-audit --no-fund
	@touch $@
