# Two commands matter: `make run` and `make test`. The rest is for people who change something.
# The shell parts lie in provisioning/, each with its own explanation.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MADOGUCHI_VENV ?= /opt/madoguchi/venv
export MADOGUCHI_VENV
AS_ROOT := @provisioning/as-root.sh
PREPARE := install Debian packages, the Python environment in $(MADOGUCHI_VENV) and system users

.PHONY: help run test check env packages users diagram screens bench image-test lock licences sbom medium wheels clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

run: ## the whole kiosk here: windows where there is a display, else a journey's pictures
	$(AS_ROOT) run "$(PREPARE), and to start each process as its own user" provisioning/demo.sh

test: ## the whole test suite, one summary (ARGS="-k coin" goes to pytest)
	$(AS_ROOT) test "$(PREPARE), and to start each process as its own user" provisioning/test.sh $(ARGS)

check: ## format, lint, types, import contracts, shell scripts, systemd units
	@provisioning/check.sh

env: ## packages, environment and users, without running anything
	$(AS_ROOT) env "$(PREPARE)" provisioning/prepare.sh

packages: ## the Debian packages of packages.txt
	$(AS_ROOT) packages "install Debian packages" provisioning/packages.sh

users: ## the system users of the kiosk's processes
	$(AS_ROOT) users "create system users" provisioning/users.sh

diagram: ## docs/states.md, drawn from the engine's own table
	@mkdir -p build && $(MADOGUCHI_VENV)/bin/python -m kiosk.engine.diagram >build/states.md && mv build/states.md docs/states.md

screens: ## every screen in every language as a page of pictures in build/screens (ARGS="--size XL --contrast black")
	@$(MADOGUCHI_VENV)/bin/python -m tests.screens.slip_pictures --out build/screens
	@$(MADOGUCHI_VENV)/bin/python -m screens.book --out build/screens $(ARGS)

campaign: ## hours of it: every property and parser at length, every kill point with real processes
	$(AS_ROOT) campaign "$(PREPARE), and to start each process as its own user" provisioning/campaign.sh $(ARGS)

bench: ## every measurement of benchmarks/, one after the other (the machine should be quiet)
	$(AS_ROOT) bench "$(PREPARE), and to start each process as its own user" provisioning/bench.sh $(ARGS)

image-test: ## a disk with the whole kiosk, in QEMU: to the attract screen, attacked, unplugged, again (not in make test)
	$(AS_ROOT) image-test "$(PREPARE), to make a disk and start it in QEMU" provisioning/image.sh $(ARGS)

lock: ## resolve pyproject.toml into the lock files (ARGS=--upgrade for newer versions)
	@provisioning/lock.sh $(ARGS)

medium: ## what an installation without network needs, in build/medium (ARGS=--debian for packages, too)
	@provisioning/medium.sh $(ARGS)

wheels: ## both wheels in build/wheels: the whole, and the appliance's
	@provisioning/wheels.sh

licences: ## docs/licences.md from what the locked packages state
	@$(MADOGUCHI_VENV)/bin/python provisioning/licences.py

sbom: ## CycloneDX list of what runs, with licences and hashes, in build/sbom.cdx.json
	@$(MADOGUCHI_VENV)/bin/python provisioning/sbom.py build/sbom.cdx.json

clean: ## forget what was built (the environment in /opt stays)
	@rm -rf build
